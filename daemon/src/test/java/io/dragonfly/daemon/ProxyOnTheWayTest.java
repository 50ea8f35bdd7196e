package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Another proxy that does not lead to where a tunnel should go. */
class ProxyOnTheWayTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1 403 Forbidden, 403 Forbidden",
    "HTTP/1.1 407 Proxy Authentication Required, 407 Proxy",
    "HTTP/1.1 200 but, it sends no more",
    "'', it sends no more"
  })
  void itsRefusalIsToldToTheClient(String answer, String told) throws Exception {
    try (ServerSocket other = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        ProxyDaemon daemon = ProxyDaemon.behind(other.getLocalPort(), dir, "", "")) {
      Thread.startVirtualThread(() -> refuse(other, answer));
      assertThat(
              daemon.raw("CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 502 ")
          .contains("192.0.2.1:443", told);
    }
  }

  /** Says what it has to say, and no more. */
  private static void refuse(ServerSocket other, String answer) {
    try (Socket asked = other.accept()) {
      byte[] head = new byte[4096];
      int _ = asked.getInputStream().read(head);
      String end = answer.endsWith("but") ? "\r\n" : "\r\n\r\n";
      asked.getOutputStream().write((answer.isEmpty() ? "" : answer + end).getBytes(US_ASCII));
      asked.shutdownOutput();
      int _ = asked.getInputStream().read(head); // Until the other end goes as well.
    } catch (IOException e) {
      // The other end went first.
    }
  }
}
