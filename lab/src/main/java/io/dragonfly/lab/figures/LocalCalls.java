package io.dragonfly.lab.figures;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Downloads over the daemon's socket from a process that is warm, as an agent would do them. */
final class LocalCalls {
  private LocalCalls() {}

  /** Milliseconds of each of {@code count} downloads, content included. */
  static Spread millis(Path socket, String url, int count) throws IOException {
    Spread times = new Spread();
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      download(socket, url);
      times.add((System.nanoTime() - start) / 1e6);
    }
    return times;
  }

  private static void download(Path socket, String url) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      String request = "DRAGONFLY/1 DOWNLOAD\nurl: " + url + "\n\n";
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
      BufferedReader in =
          new BufferedReader(Channels.newReader(channel, StandardCharsets.ISO_8859_1));
      String line = in.readLine();
      while (line != null && !line.startsWith("done ")) {
        if (line.startsWith("error ")) {
          throw new IOException(line);
        }
        if (line.startsWith("content ")) {
          // The bytes follow the line; the reader gives one character for each.
          in.skip(Long.parseLong(line.substring(line.lastIndexOf('=') + 1)));
        }
        line = in.readLine();
      }
      if (line == null) {
        throw new IOException("the daemon closed the connection");
      }
    }
  }
}
