package io.dragonfly.scheduler.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.common.digest.Sha256;
import io.dragonfly.common.net.OriginScope;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.scheduler.swarm.DownloadSpec;
import io.dragonfly.scheduler.swarm.Opaque;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Download messages to what the swarm knows of a download. */
final class DownloadMessages {
  private static final int DEFAULT_CONCURRENT_PIECES = 8;

  private DownloadMessages() {}

  static DownloadSpec spec(Download download) {
    return new DownloadSpec(
        download.getUrl(),
        given(download.hasDigest(), download.getDigest()),
        given(download.hasTag(), download.getTag()),
        given(download.hasApplication(), download.getApplication()),
        download.getTypeValue(),
        download.getPriorityValue(),
        download.getFilteredQueryParamsList(),
        headersKey(download.getRequestHeaderMap()),
        range(download),
        download.getDisableBackToSource(),
        download.getNeedBackToSource(),
        download.getMetadataOnly(),
        download.hasConcurrentPieceCount()
            ? download.getConcurrentPieceCount()
            : DEFAULT_CONCURRENT_PIECES,
        Opaque.of(download.toByteArray()));
  }

  /** What an upstream peer saw at the origin; empty when it did not say. */
  static Optional<ContentInfo> content(Download download) {
    if (!download.hasActualContentLength()) {
      return Optional.empty();
    }
    long length = download.getActualContentLength();
    try {
      return Optional.of(
          ContentInfo.of(length, pieceLength(download, length), "", Map.of())
              .guardedBy(guard(download)));
    } catch (IllegalArgumentException e) {
      throw Checks.invalid("download.actual_content_length: " + e.getMessage());
    }
  }

  /** Where an origin is asked with credentials; empty when it is asked without. */
  static String guard(Download download) {
    return OriginScope.guard(
        download.getUrl(),
        download.getRequestHeaderMap().keySet(),
        download.getFilteredQueryParamsList());
  }

  /**
   * The message for a seed: it reads the origin and writes no file. What we do not know is kept.
   */
  static Download forSeed(Opaque encoded) {
    try {
      return Download.parseFrom(encoded.bytes()).toBuilder()
          .setNeedBackToSource(true)
          .clearOutputPath()
          .build();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a download that was parsed before is none now", e);
    }
  }

  static long pieceLength(Download download, long contentLength) {
    if (download.getActualPieceLength() > 0) {
      return download.getActualPieceLength();
    }
    return download.getPieceLength() > 0
        ? download.getPieceLength()
        : PieceLayout.automaticPieceLength(Math.max(contentLength, 0));
  }

  /** The URL as others may see it: signatures in queries and passwords are credentials. */
  static String publicUrl(String url) {
    int end = url.length();
    for (char stop : new char[] {'?', '#'}) {
      int at = url.indexOf(stop);
      end = at >= 0 ? Math.min(end, at) : end;
    }
    String plain = url.substring(0, end);
    int authority = plain.indexOf("://");
    if (authority < 0) {
      return plain;
    }
    int slash = plain.indexOf('/', authority + 3);
    int user = plain.lastIndexOf('@', slash < 0 ? plain.length() : slash);
    return user > authority ? plain.substring(0, authority + 3) + plain.substring(user + 1) : plain;
  }

  private static Optional<ByteRange> range(Download download) {
    if (!download.hasRange()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new ByteRange(download.getRange().getStart(), download.getRange().getLength()));
    } catch (IllegalArgumentException e) {
      throw Checks.invalid("download.range: " + e.getMessage());
    }
  }

  private static Optional<String> given(boolean present, String value) {
    return present && !value.isEmpty() ? Optional.of(value) : Optional.empty();
  }

  /**
   * A hash, so that nothing keeps the credentials themselves. The range is no part of the identity.
   */
  private static String headersKey(Map<String, String> headers) {
    TreeMap<String, String> sorted = new TreeMap<>();
    headers.forEach((name, value) -> sorted.put(name.toLowerCase(Locale.ROOT), value));
    sorted.remove("range");
    MessageDigest sha256 = Sha256.begin();
    sorted.forEach((name, value) -> {
      for (String part : new String[] {name, value}) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        sha256.update(Integer.toString(bytes.length).getBytes(StandardCharsets.US_ASCII));
        sha256.update((byte) ':');
        sha256.update(bytes);
      }
    });
    return Sha256.hex(sha256);
  }
}
