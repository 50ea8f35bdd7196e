package io.dragonfly.daemon.link;

import io.dragonfly.daemon.storage.TaskKey;
import java.util.BitSet;

/** Learns which pieces a parent holds, as they come in. */
public interface PieceSync {
  /**
   * Follows one parent until closed. Returns at once. The listener hears {@code features} first,
   * and {@code ended} or {@code failed} last; after the close it hears nothing.
   *
   * @param interested pieces that are missing here
   */
  AutoCloseable follow(ParentInfo parent, TaskKey task, BitSet interested, Listener listener);

  /** What a parent tells, in order and from one thread at a time. */
  interface Listener {
    /** Whether the parent serves block requests. */
    void features(boolean extension);

    /**
     * The parent holds this piece.
     *
     * @param tcpPort of its piece server
     */
    void piece(int number, long offset, long length, String ip, int tcpPort);

    /** The parent of ours has begun to get this piece and serves its blocks as they come in. */
    void begun(int number, String ip, int tcpPort);

    /** The parent has told everything it holds and will tell no more. */
    void ended();

    void failed(String why);
  }
}
