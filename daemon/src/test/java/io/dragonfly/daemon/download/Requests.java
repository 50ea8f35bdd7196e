package io.dragonfly.daemon.download;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.daemon.link.DownloadRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Requests that differ in one thing. */
final class Requests {
  private Requests() {}

  static DownloadRequest withPieceLength(DownloadRequest of, long pieceLength) {
    return copy(
        of,
        of.requestHeaders(),
        OptionalLong.of(pieceLength),
        of.rangeHeader(),
        of.digest(),
        of.disableBackToSource(),
        of.triggeredByScheduler(),
        of.timeout());
  }

  static DownloadRequest withRange(DownloadRequest of, String range) {
    return copy(
        of,
        of.requestHeaders(),
        of.pieceLength(),
        Optional.of(range),
        of.digest(),
        of.disableBackToSource(),
        of.triggeredByScheduler(),
        of.timeout());
  }

  static DownloadRequest withDigest(DownloadRequest of, Digest digest) {
    return copy(
        of,
        of.requestHeaders(),
        of.pieceLength(),
        of.rangeHeader(),
        Optional.of(digest),
        of.disableBackToSource(),
        of.triggeredByScheduler(),
        of.timeout());
  }

  static DownloadRequest withoutOrigin(DownloadRequest of) {
    return copy(
        of,
        of.requestHeaders(),
        of.pieceLength(),
        of.rangeHeader(),
        of.digest(),
        true,
        of.triggeredByScheduler(),
        of.timeout());
  }

  static DownloadRequest triggered(DownloadRequest of) {
    return copy(
        of,
        of.requestHeaders(),
        of.pieceLength(),
        of.rangeHeader(),
        of.digest(),
        of.disableBackToSource(),
        true,
        of.timeout());
  }

  static DownloadRequest withTimeout(DownloadRequest of, Duration timeout) {
    return copy(
        of,
        of.requestHeaders(),
        of.pieceLength(),
        of.rangeHeader(),
        of.digest(),
        of.disableBackToSource(),
        of.triggeredByScheduler(),
        Optional.of(timeout));
  }

  static DownloadRequest withHeaders(DownloadRequest of, Map<String, String> headers) {
    return copy(
        of,
        headers,
        of.pieceLength(),
        of.rangeHeader(),
        of.digest(),
        of.disableBackToSource(),
        of.triggeredByScheduler(),
        of.timeout());
  }

  private static DownloadRequest copy(
      DownloadRequest of,
      Map<String, String> headers,
      OptionalLong pieceLength,
      Optional<String> range,
      Optional<Digest> digest,
      boolean withoutOrigin,
      boolean triggered,
      Optional<Duration> timeout) {
    return new DownloadRequest(
        of.taskId(),
        of.url(),
        headers,
        of.tag(),
        of.application(),
        of.priority(),
        of.filteredQueryParams(),
        pieceLength,
        range,
        digest,
        withoutOrigin,
        triggered,
        timeout,
        of.certificateChain(),
        of.encoded());
  }
}
