package io.dragonfly.daemon.transfer;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TrafficType;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Fetches pieces from parents. */
@SuppressWarnings("DoNotCallSuggester") // the signatures come first
public final class PieceClient implements AutoCloseable {
  public PieceClient(PieceClientOptions options) {}

  /** As the other one, without counting. */
  public StoredPiece fetch(
      ParentAddress parent,
      StoredTask task,
      PieceEditor editor,
      Optional<PieceRoot> root,
      TrafficType trafficType,
      String parentPeerId,
      FetchLimits limits,
      Cancellation cancellation)
      throws TransferException {
    return fetch(
        parent, task, editor, root, trafficType, parentPeerId, limits, cancellation, bytes -> {});
  }

  /**
   * Fetches what the editor misses of its piece, verifies and commits it. Blocks the calling
   * thread. The editor stays the caller's: close it in any case; what was verified by blocks is
   * kept for the next attempt, from whichever parent.
   *
   * @param root what the piece must hash to; without it the parent's CRC32 is checked
   * @param bytesReceived told of content bytes as they arrive, on the calling thread; must not
   *     block
   */
  public StoredPiece fetch(
      ParentAddress parent,
      StoredTask task,
      PieceEditor editor,
      Optional<PieceRoot> root,
      TrafficType trafficType,
      String parentPeerId,
      FetchLimits limits,
      Cancellation cancellation,
      LongConsumer bytesReceived)
      throws TransferException {
    throw new UnsupportedOperationException();
  }

  /** Ends running fetches as cancelled and closes kept connections. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
