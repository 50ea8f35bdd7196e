package io.dragonfly.daemon.transfer;

import io.dragonfly.daemon.storage.PieceStore;
import java.io.IOException;

/** Serves the pieces of a store. */
@SuppressWarnings("DoNotCallSuggester") // the signatures come first
public final class PieceServer implements AutoCloseable {
  public PieceServer(PieceStore store, PieceServerOptions options) {}

  public void start() throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The port it listens on, once started. */
  public int port() {
    throw new UnsupportedOperationException();
  }

  /** What it did since the start, for metrics. */
  public Activity activity() {
    throw new UnsupportedOperationException();
  }

  /** Cuts off what is being sent, waits for its threads (bounded), frees the port. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }

  /**
   * What the server does and did.
   *
   * @param connections open now
   * @param uploading answers being sent now
   * @param pieces answers sent whole
   * @param failures requests answered with an error, and answers cut off
   * @param bytes of content sent
   */
  public record Activity(int connections, int uploading, long pieces, long failures, long bytes) {}
}
