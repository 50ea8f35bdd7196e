package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections of which one side has said all it has to say. */
class HalfCloseTest {
  private static final int LENGTH = (4 << 20) + 12345;

  @TempDir Path dir;
  private ProxyOrigin origin;
  private ProxyDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(LENGTH);
    daemon = ProxyDaemon.of(dir, "", "rules: [{regex: 'tunnelled'}]");
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
  }

  /** What comes to the end after a client has sent this and closed its half. */
  private byte[] all(String request) throws IOException {
    try (Socket socket = daemon.connect()) {
      socket.getOutputStream().write(request.getBytes(ISO_8859_1));
      socket.shutdownOutput();
      return socket.getInputStream().readAllBytes();
    }
  }

  private String text(String request) throws IOException {
    return new String(all(request), ISO_8859_1);
  }

  @Test
  void aTaskIsSentWhole() throws Exception {
    String host = origin.base().substring("http://".length());
    byte[] mirror = all("GET " + origin.path() + "?ns=" + host + " HTTP/1.1\r\nHost: h\r\n\r\n");
    assertThat(Arrays.copyOfRange(mirror, mirror.length - LENGTH, mirror.length))
        .isEqualTo(origin.blob());
    byte[] absolute = all("GET " + origin.base() + origin.path() + " HTTP/1.1\r\nHost: h\r\n\r\n");
    assertThat(Arrays.copyOfRange(absolute, absolute.length - LENGTH, absolute.length))
        .isEqualTo(origin.blob());
  }

  @Test
  void whatPassesThroughIsAnsweredWholeWithItsBody() throws Exception {
    String body = "x".repeat(500_000);
    String head = "POST " + origin.base() + "/x HTTP/1.1\r\nHost: h\r\n";
    assertThat(text(head + "Content-Length: 500000\r\n\r\n" + body))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .matches(text -> text.chars().filter(c -> c == 'x').count() == 500_000, "all of it");
    assertThat(text(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("abc");
  }

  @Test
  void allOfSeveralRequestsAreAnswered() throws Exception {
    String one = "POST " + origin.base() + "/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
    assertThat(text(one + "abc" + one + "def" + one + "ghi"))
        .containsSubsequence("abc", "def", "ghi");
  }

  @Test
  void aRequestThatIsNotWholeIsNotPassedOnAsOne() throws Exception {
    String head = "POST " + origin.base() + "/x HTTP/1.1\r\nHost: h\r\n";
    assertThat(text(head + "Content-Length: 10\r\n\r\nabc")).doesNotContain("200 OK");
    assertThat(text(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nabc")).doesNotContain("200 OK");
    assertThat(text(head + "Content-Le")).startsWith("HTTP/1.1 400 ");
    assertThat(text("")).isEmpty();
  }

  @Test
  void whoWaitsLongIsAnsweredAndWhoHasGoneIsNoticed() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
      String request =
          "GET http://127.0.0.1:" + server.getLocalPort() + "/x HTTP/1.1\r\nHost: h\r\n\r\n";
      try (Socket waiting = daemon.connect()) {
        waiting.getOutputStream().write(request.getBytes(ISO_8859_1));
        waiting.shutdownOutput();
        try (Socket remote = server.accept()) {
          assertThat(ProxyDaemon.line(waiting)).isEqualTo("HTTP/1.1 102 Processing\r\n");
          assertThat(ProxyDaemon.line(waiting)).isEqualTo("\r\n");
          remote
              .getOutputStream()
              .write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".getBytes(ISO_8859_1));
          assertThat(new String(waiting.getInputStream().readAllBytes(), ISO_8859_1))
              .startsWith("HTTP/1.1 200 OK\r\n")
              .endsWith("\r\n\r\nhi");
        }
      }
      Socket gone = daemon.connect();
      gone.getOutputStream().write(request.getBytes(ISO_8859_1));
      try (Socket remote = server.accept()) {
        remote.setSoTimeout(60_000);
        gone.close();
        assertThat(ProxyDaemon.line(remote)).isEqualTo("GET /x HTTP/1.1\r\n");
        // The proxy gives the request up, perhaps by a reset.
        while (read(remote) >= 0) {}
      }
    }
  }

  @Test
  void aClientThatGoesWithinAnAnswerEndsItsDownload() throws Exception {
    origin.steps = new Semaphore(1);
    try (Socket socket = daemon.connect()) {
      socket
          .getOutputStream()
          .write(
              ("GET " + origin.base() + origin.path() + " HTTP/1.1\r\nHost: h\r\n\r\n")
                  .getBytes(ISO_8859_1));
      socket.shutdownOutput();
      assertThat(ProxyDaemon.line(socket)).isEqualTo("HTTP/1.1 200 OK\r\n");
    }
    await()
        .until(() -> {
          origin.steps.release();
          return origin.broken.get() > 0;
        });
    assertThat(origin.served.get()).isLessThan(LENGTH);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTunnelPassesOnTheEndOfEachDirection(boolean clientFirst) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = daemon.connect()) {
      client
          .getOutputStream()
          .write(
              ("CONNECT 127.0.0.1:" + server.getLocalPort() + " HTTP/1.1\r\nHost: h\r\n\r\n")
                  .getBytes(ISO_8859_1));
      assertThat(ProxyDaemon.line(client)).startsWith("HTTP/1.1 200");
      assertThat(ProxyDaemon.line(client)).isEqualTo("\r\n");
      try (Socket remote = server.accept()) {
        remote.setSoTimeout(20_000);
        Socket first = clientFirst ? client : remote;
        Socket second = clientFirst ? remote : client;
        first.getOutputStream().write("all\n".getBytes(ISO_8859_1));
        first.shutdownOutput();
        assertThat(second.getInputStream().readAllBytes()).hasSize(4);
        byte[] much = new byte[3_000_000];
        Thread.ofVirtual()
            .start(() -> {
              try {
                second.getOutputStream().write(much);
                second.shutdownOutput();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
        assertThat(first.getInputStream().readAllBytes()).hasSize(much.length);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsSentWithTheConnectArrivesWithItsEnd(boolean lookedInto) throws Exception {
    if (lookedInto) {
      ProxyDaemon.export(dir);
      daemon.close();
      daemon = ProxyDaemon.of(dir, "", "rules: [{regex: 'any'}]");
    }
    for (String sent : new String[] {"all at once", ""}) {
      try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          Socket client = daemon.connect()) {
        String connect =
            "CONNECT 127.0.0.1:" + server.getLocalPort() + " HTTP/1.1\r\nHost: h\r\n\r\n";
        client.getOutputStream().write((connect + sent).getBytes(ISO_8859_1));
        client.shutdownOutput();
        try (Socket remote = server.accept()) {
          remote.setSoTimeout(20_000);
          assertThat(new String(remote.getInputStream().readAllBytes(), ISO_8859_1))
              .isEqualTo(sent);
          remote.getOutputStream().write("and back".getBytes(ISO_8859_1));
        }
        assertThat(new String(client.getInputStream().readAllBytes(), ISO_8859_1))
            .isEqualTo("HTTP/1.1 200 Connection Established\r\n\r\nand back");
      }
    }
  }

  /** -1 where nothing more comes; fails while something still could. */
  private static int read(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read();
    } catch (SocketException e) {
      return -1;
    }
  }
}
