package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.limit.TokenBucket;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.link.SwarmLinks;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.transfer.FetchLimits;
import io.dragonfly.daemon.transfer.PieceClient;
import java.util.function.Function;
import java.util.function.Supplier;

/** Every download of this daemon: callers of the same task share one transfer. */
@SuppressWarnings("DoNotCallSuggester") // the signatures come first
public final class Downloads implements AutoCloseable {
  /**
   * What downloads work with.
   *
   * @param peerIds makes the id of a new peer of this host
   * @param withoutCredentials the wire's Download message of a request without what is secret: it
   *     is stored with the task, to announce it after a restart
   * @param download limits the bytes read at origins together with everything else that comes in
   *     (transfers from parents are limited by the PieceClient's own rate)
   * @param backToSource limits the bytes read at origins
   */
  public record Surroundings(
      PieceStore store,
      PieceClient client,
      Sources sources,
      SwarmLinks links,
      PieceSync sync,
      Supplier<PeerId> peerIds,
      Function<DownloadRequest, byte[]> withoutCredentials,
      TokenBucket download,
      TokenBucket backToSource,
      FetchLimits fetchLimits) {}

  private final Surroundings surroundings;
  private final DownloadOptions options;

  public Downloads(Surroundings surroundings, DownloadOptions options) {
    this.surroundings = surroundings;
    this.options = options;
  }

  /**
   * Begins a download, or joins one that runs.
   *
   * @throws DownloadException TOO_MANY_DOWNLOADS or SHUTTING_DOWN; other failures reach the
   *     listener
   */
  public Download start(DownloadRequest request, DownloadListener listener)
      throws DownloadException {
    throw new UnsupportedOperationException("" + surroundings + options + request + listener);
  }

  /** Tasks that are being downloaded. */
  public int active() {
    return 0;
  }

  /** Stops every download within a few seconds. */
  @Override
  public void close() {}
}
