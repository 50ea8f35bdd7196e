package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.file.Directories;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that are slow or leave, and a host that can store nothing. */
class NeverWorseTest {
  /** More than what the buffers of all sockets on the way hold. */
  private static final int LENGTH = 40 << 20;

  @TempDir Path dir;
  private ProxyOrigin origin;
  private ProxyDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(LENGTH);
    daemon = ProxyDaemon.of(dir, "", "registryMirror: {addr: '" + origin.base() + "'}");
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
  }

  private static void ask(Socket socket, String target, String... more) throws IOException {
    String request = "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + String.join("", more) + "\r\n";
    socket.getOutputStream().write(request.getBytes(ISO_8859_1));
  }

  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
      int c = in.read();
      assertThat(c).as("after " + head.toString(ISO_8859_1)).isNotNegative();
      head.write(c);
    }
    return head.toString(ISO_8859_1);
  }

  /** What passes through waits at its origin; what goes through the swarm is ready meanwhile. */
  @Test
  void aSlowClientHoldsUpItselfOnly() throws Exception {
    String passedOn = origin.base() + "/blobs/one";
    try (Socket slow = new Socket()) {
      slow.setReceiveBufferSize(64 << 10);
      slow.connect(daemon.connect().getRemoteSocketAddress());
      slow.setSoTimeout(60_000);
      ask(slow, passedOn);
      assertThat(head(slow.getInputStream())).startsWith("HTTP/1.1 200 ");
      long[] last = {-1};
      await()
          .during(Duration.ofSeconds(2))
          .atMost(Duration.ofSeconds(60))
          .until(() -> {
            long before = last[0];
            last[0] = origin.served.get();
            return before == last[0];
          });
      assertThat(origin.served.get()).isLessThan(LENGTH);
      assertThat(daemon.raw("GET /v2/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 200 ");
      assertThat(slow.getInputStream().readNBytes(LENGTH)).isEqualTo(origin.blob());
    }
  }

  @Test
  void whatAPrefetchWantsGoesOnWithoutItsClient() throws Exception {
    origin.steps = new Semaphore(2);
    try (Socket socket = daemon.connect()) {
      ask(
          socket,
          origin.path(),
          "X-Dragonfly-Prefetch: true\r\nRange: bytes=0-" + (LENGTH - 2) + "\r\n");
      assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 206 ");
    }
    await()
        .until(() -> {
          origin.steps.release(8);
          return origin.served.get() >= LENGTH;
        });
    origin.close();
    try (Socket socket = daemon.connect()) {
      ask(socket, origin.path());
      assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 200 ");
      assertThat(socket.getInputStream().readNBytes(LENGTH)).isEqualTo(origin.blob());
    }
  }

  @Test
  void whereNothingCanBeStoredTheOriginAnswers() throws Exception {
    Path content = dir.resolve("one/content");
    Directories.delete(content);
    Files.createFile(content);
    try (Socket socket = daemon.connect()) {
      ask(socket, origin.path());
      assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 200 ");
      assertThat(socket.getInputStream().readNBytes(LENGTH)).isEqualTo(origin.blob());
      ask(socket, origin.path(), "Range: bytes=5-99\r\n");
      assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 206 ");
      assertThat(socket.getInputStream().readNBytes(95))
          .isEqualTo(Arrays.copyOfRange(origin.blob(), 5, 100));
    }
  }

  @Test
  void whatIsForOneConnectionStaysThereInBothDirections() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = daemon.connect()) {
      ask(
          client,
          "http://127.0.0.1:" + server.getLocalPort() + "/x",
          "Connection: close, X-Mine\r\n",
          "X-Mine: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: x\r\n",
          "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nX-Kept: 2\r\n");
      try (Socket remote = server.accept()) {
        String asked = head(remote.getInputStream()).toLowerCase(Locale.ROOT);
        assertThat(asked)
            .startsWith("get /x http/1.1\r\n")
            .contains("\r\nx-kept: 2\r\n")
            .doesNotContain("x-mine", "keep-alive:", "\r\nte:", "proxy-connection", "upgrade");
        remote
            .getOutputStream()
            .write(
                """
                HTTP/1.1 200 OK
                Connection: keep-alive, X-Theirs
                X-Theirs: 1
                Keep-Alive: timeout=9
                Proxy-Authenticate: Basic
                X-Kept: 3
                Content-Length: 2

                hi\
                """
                    .replace("\n", "\r\n")
                    .getBytes(ISO_8859_1));
        String answer =
            new String(client.getInputStream().readAllBytes(), ISO_8859_1).toLowerCase(Locale.ROOT);
        assertThat(answer)
            .startsWith("http/1.1 200 ok\r\n")
            .contains("\r\nx-kept: 3\r\n", "\r\nconnection: close\r\n")
            .doesNotContain("x-theirs", "keep-alive")
            .endsWith("\r\n\r\nhi");
      }
    }
  }
}
