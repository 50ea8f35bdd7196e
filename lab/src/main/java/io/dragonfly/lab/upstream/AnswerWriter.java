package io.dragonfly.lab.upstream;

import java.io.IOException;
import java.io.OutputStream;

/** Decides what a child gets for a piece that its parent has. */
@FunctionalInterface
public interface AnswerWriter {
  /**
   * Called on a thread of the connection, which is closed afterwards.
   *
   * @param answer the frame of an honest parent, with the piece
   */
  void write(byte[] answer, OutputStream out) throws IOException;
}
