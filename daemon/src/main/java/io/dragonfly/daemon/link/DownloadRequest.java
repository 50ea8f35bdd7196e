package io.dragonfly.daemon.link;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.net.LoggableUrl;
import io.dragonfly.common.net.OriginScope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One caller's wish to have a task's content, or a part of it, on this host.
 *
 * @param requestHeaders sent to the origin, without any Range header (that is {@code rangeHeader})
 * @param pieceLength bytes; absent to choose by the length of the content
 * @param rangeHeader as in HTTP ("bytes=0-99"); read when the length is known
 * @param disableBackToSource this host must not read the origin for this caller
 * @param triggeredByScheduler a scheduler asked this host (a seed) to fetch the content
 * @param timeout after which the caller gives up
 * @param certificateChain DER certificates that may sign the origin's
 * @param prefetch nobody waits for the content yet
 * @param bytesPerSecond how fast it may come in for this caller; absent for no limit
 * @param encoded the wire's Download message as it came, unknown fields included; empty when the
 *     request did not come over the wire
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out; requests are never compared
public record DownloadRequest(
    TaskId taskId,
    String url,
    Map<String, String> requestHeaders,
    Optional<String> tag,
    Optional<String> application,
    int priority,
    List<String> filteredQueryParams,
    OptionalLong pieceLength,
    Optional<String> rangeHeader,
    Optional<Digest> digest,
    boolean disableBackToSource,
    boolean triggeredByScheduler,
    Optional<Duration> timeout,
    List<byte[]> certificateChain,
    boolean prefetch,
    OptionalLong bytesPerSecond,
    byte[] encoded) {

  public DownloadRequest {
    requestHeaders = Collections.unmodifiableMap(new LinkedHashMap<>(requestHeaders));
    filteredQueryParams = List.copyOf(filteredQueryParams);
    certificateChain = Collections.unmodifiableList(copies(certificateChain));
    encoded = encoded.clone();
    if (pieceLength.isPresent() && pieceLength.getAsLong() < 1) {
      throw new IllegalArgumentException(
          "piece length must be at least 1 byte, not " + pieceLength.getAsLong());
    }
    if (bytesPerSecond.isPresent() && bytesPerSecond.getAsLong() < 1) {
      throw new IllegalArgumentException(
          "bytes per second must be at least 1, not " + bytesPerSecond.getAsLong());
    }
    if (timeout.isPresent() && !timeout.get().isPositive()) {
      throw new IllegalArgumentException("timeout must be positive, not " + timeout.get());
    }
  }

  /** A plain request for the whole content at {@code url}. */
  public static DownloadRequest of(TaskId taskId, String url) {
    return new DownloadRequest(
        taskId,
        url,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        0,
        List.of(),
        OptionalLong.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        false,
        Optional.empty(),
        List.of(),
        false,
        OptionalLong.empty(),
        new byte[0]);
  }

  /** The same for a caller that wants it no faster than this, at least 1. */
  public DownloadRequest withBytesPerSecond(long most) {
    return with(rangeHeader, digest, OptionalLong.of(most), prefetch);
  }

  /** The same for this part of the content, and without a digest. */
  public DownloadRequest withRange(String header) {
    return with(Optional.of(header), Optional.empty(), bytesPerSecond, prefetch);
  }

  /** The same where nobody waits for the content yet. */
  public DownloadRequest asPrefetch() {
    return with(rangeHeader, digest, bytesPerSecond, /* newPrefetch= */ true);
  }

  private DownloadRequest with(
      Optional<String> newRange,
      Optional<Digest> newDigest,
      OptionalLong newBytesPerSecond,
      boolean newPrefetch) {
    return new DownloadRequest(
        taskId,
        url,
        requestHeaders,
        tag,
        application,
        priority,
        filteredQueryParams,
        pieceLength,
        newRange,
        newDigest,
        disableBackToSource,
        triggeredByScheduler,
        timeout,
        certificateChain,
        newPrefetch,
        newBytesPerSecond,
        encoded);
  }

  @Override
  public byte[] encoded() {
    return encoded.clone();
  }

  /** Where the origin is asked with something that names who asks; empty when it is not. */
  public String guard() {
    return OriginScope.guard(url, requestHeaders.keySet(), filteredQueryParams);
  }

  /** Where the origin is asked. */
  public String place() {
    return OriginScope.of(url, filteredQueryParams);
  }

  /** The URL without what may be secret: for logs and error texts. */
  public String urlForDisplay() {
    return LoggableUrl.of(url);
  }

  @Override
  public String toString() {
    return "DownloadRequest[" + taskId.value() + " " + urlForDisplay() + "]";
  }

  private static List<byte[]> copies(List<byte[]> arrays) {
    List<byte[]> copies = new ArrayList<>(arrays.size());
    for (byte[] array : arrays) {
      copies.add(array.clone());
    }
    return copies;
  }
}
