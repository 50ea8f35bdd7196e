package io.dragonfly.lab.upstream;

import io.dragonfly.common.id.TaskId;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/**
 * Takes pieces as upstream's daemon does, a connection for each, and forgets them.
 *
 * @param port of a parent on loopback
 */
public record UpstreamPieces(int port, TaskId task) {
  private static final int BUFFER = 256 << 10;

  /** Takes one piece. */
  public void take(int piece) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      DataInputStream in =
          new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1024));
      PieceFrames.writeRequest(
          new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 128)),
          task.value(),
          piece);
      long left = PieceFrames.readAnswer(in).length();
      byte[] buffer = new byte[BUFFER];
      while (left > 0) {
        int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (count < 0) {
          throw new IOException("the parent closed " + left + " bytes before the end");
        }
        left -= count;
      }
    }
  }
}
