package io.dragonfly.lab.upstream;

import io.dragonfly.api.common.v2.Download;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The id of a standard task for the plain URLs that tests use (lower-case host, no query): SHA-256
 * over URL, tag, application, the piece length that the user asked for, and "STANDARD".
 */
public final class UpstreamTaskId {
  private UpstreamTaskId() {}

  /** The id, 64 hex digits. */
  public static String of(Download download) {
    if (download.getUrl().indexOf('?') >= 0) {
      throw new IllegalArgumentException("URLs with a query are not for the stand-in");
    }
    if (download.hasContentForCalculatingTaskId()) {
      return sha256(download.getContentForCalculatingTaskId());
    }
    return sha256(
        download.getUrl()
            + download.getTag()
            + download.getApplication()
            + (download.hasPieceLength() ? Long.toString(download.getPieceLength()) : "")
            + "STANDARD");
  }

  private static String sha256(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
