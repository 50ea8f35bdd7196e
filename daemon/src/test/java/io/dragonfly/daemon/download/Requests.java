package io.dragonfly.daemon.download;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.daemon.link.DownloadRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Requests that differ in one thing. */
final class Requests {
  private Requests() {}

  static DownloadRequest withPieceLength(DownloadRequest of, long pieceLength) {
    return changed(of, draft -> draft.pieceLength = OptionalLong.of(pieceLength));
  }

  static DownloadRequest withRange(DownloadRequest of, String range) {
    return changed(of, draft -> draft.rangeHeader = Optional.of(range));
  }

  static DownloadRequest withDigest(DownloadRequest of, Digest digest) {
    return changed(of, draft -> draft.digest = Optional.of(digest));
  }

  static DownloadRequest withoutOrigin(DownloadRequest of) {
    return changed(of, draft -> draft.disableBackToSource = true);
  }

  static DownloadRequest triggered(DownloadRequest of) {
    return changed(of, draft -> draft.triggeredByScheduler = true);
  }

  static DownloadRequest prefetch(DownloadRequest of) {
    return changed(of, draft -> draft.prefetch = true);
  }

  static DownloadRequest withTimeout(DownloadRequest of, Duration timeout) {
    return changed(of, draft -> draft.timeout = Optional.of(timeout));
  }

  static DownloadRequest withHeaders(DownloadRequest of, Map<String, String> headers) {
    return changed(of, draft -> draft.requestHeaders = headers);
  }

  private static DownloadRequest changed(DownloadRequest of, Consumer<Draft> change) {
    Draft draft = new Draft(of);
    change.accept(draft);
    return draft.request(of);
  }

  /** What can be changed. */
  private static final class Draft {
    private Map<String, String> requestHeaders;
    private OptionalLong pieceLength;
    private Optional<String> rangeHeader;
    private Optional<Digest> digest;
    private boolean disableBackToSource;
    private boolean triggeredByScheduler;
    private Optional<Duration> timeout;
    private boolean prefetch;

    Draft(DownloadRequest of) {
      requestHeaders = of.requestHeaders();
      pieceLength = of.pieceLength();
      rangeHeader = of.rangeHeader();
      digest = of.digest();
      disableBackToSource = of.disableBackToSource();
      triggeredByScheduler = of.triggeredByScheduler();
      timeout = of.timeout();
      prefetch = of.prefetch();
    }

    DownloadRequest request(DownloadRequest of) {
      return new DownloadRequest(
          of.taskId(),
          of.url(),
          requestHeaders,
          of.tag(),
          of.application(),
          of.priority(),
          of.filteredQueryParams(),
          pieceLength,
          rangeHeader,
          digest,
          disableBackToSource,
          triggeredByScheduler,
          timeout,
          of.certificateChain(),
          prefetch,
          of.bytesPerSecond(),
          of.encoded());
    }
  }
}
