package io.dragonfly.daemon.link;

/**
 * One peer's conversation with one scheduler about one task: {@link PeerReport}s out, {@link
 * SwarmOrder}s in.
 */
public interface SwarmLink extends AutoCloseable {
  /**
   * Queues a report. Never blocks; a link whose queue is full is lost. Reports sent to a link that
   * is lost or closed are dropped.
   */
  void send(PeerReport report);

  /** Ends the conversation after what was sent before has gone out; idempotent. */
  @Override
  void close();
}
