package io.dragonfly.lab.figures;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Ranges of a file over HTTP/1.1, each by a connection of its own, read and forgotten. */
final class Ranges {
  private static final int BUFFER = 256 << 10;
  private static final int HEAD = 4096;

  private Ranges() {}

  static void take(URI file, long offset, long length) throws IOException {
    try (Socket socket = new Socket(InetAddress.getByName(file.getHost()), file.getPort())) {
      String request =
          "GET %s HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nRange: bytes=%d-%d\r\n\r\n"
              .formatted(file.getPath(), offset, offset + length - 1);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[BUFFER];
      long received = 0;
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        received += count;
      }
      // The head is some hundred bytes.
      if (received < length || received > length + HEAD) {
        throw new IOException(received + " bytes came for a range of " + length);
      }
    }
  }
}
