package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The line that each request leaves in the log. */
class AccessLogTest {
  private static final int PIECE = 4 << 20;
  private static final int LENGTH = 2 * PIECE + 12345;

  @TempDir Path dir;
  private final Logger logger = (Logger) LoggerFactory.getLogger("io.dragonfly.access.proxy");
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          if (event.getFormattedMessage().contains(":" + daemon.port() + "/")
              || event.getFormattedMessage().contains(origin.base())
              || event.getFormattedMessage().contains("mirror://")) {
            lines.add(event.getFormattedMessage());
          }
        }
      };
  private ProxyOrigin origin;
  private ProxyDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(LENGTH);
    daemon = ProxyDaemon.of(dir, "", "registryMirror: {addr: '" + origin.base() + "'}");
    logger.setLevel(Level.INFO);
    appender.start();
    logger.addAppender(appender);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(appender);
    logger.setLevel(null);
    daemon.close();
    origin.close();
  }

  private String get(String path, String... more) {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + String.join("", more) + "\r\n";
  }

  private String awaitLine() {
    await().until(() -> lines.size() == 1);
    return lines.removeFirst();
  }

  private static long number(String line, String name) {
    return Long.parseLong(line.replaceFirst(".* " + name + "=(\\d+) .*", "$1"));
  }

  @Test
  void itHasTheBytesByWhereTheyCameFrom() throws Exception {
    String close = "Connection: close\r\n";
    assertThat(daemon.raw(get(origin.path(), close))).startsWith("HTTP/1.1 200 ");
    assertThat(awaitLine())
        .startsWith("method=GET url=mirror://v2/team/app/blobs/sha256:")
        .contains(" status=200 outcome=answered bytes=" + LENGTH + " ")
        .contains(" cache=0 peers=0 seed=0 origin=" + LENGTH + " millis=");
    assertThat(daemon.raw(get(origin.path(), close))).startsWith("HTTP/1.1 200 ");
    assertThat(awaitLine())
        .contains(" bytes=" + LENGTH + " cache=" + LENGTH + " peers=0 seed=0 origin=0 ");
    String range = "Range: bytes=" + (PIECE - 5) + "-" + (PIECE + 6) + "\r\n";
    assertThat(daemon.raw(get(origin.path(), range, close))).startsWith("HTTP/1.1 206 ");
    assertThat(awaitLine()).contains(" status=206 ", " bytes=12 cache=12 peers=0 ");
    String post =
        "POST %s/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n%s\r\nabc"
            .formatted(origin.base(), close);
    assertThat(daemon.raw(post)).endsWith("abc\r\n0\r\n\r\n");
    assertThat(awaitLine())
        .startsWith("method=POST ")
        .contains(" bytes=3 cache=0 peers=0 seed=0 origin=3 ");
    origin.close();
    assertThat(daemon.raw(get("/v2/team/app/tags/list", close))).startsWith("HTTP/1.1 502 ");
    assertThat(awaitLine())
        .contains(" status=502 outcome=refused ", " cache=0 peers=0 seed=0 origin=0 ");
  }

  @Test
  void ofAnAnswerThatBreaksItHasWhatWasSent() throws Exception {
    String wrong = "/v2/team/app/blobs/sha256:" + "a".repeat(64);
    try (Socket socket = daemon.connect()) {
      socket.getOutputStream().write(get(wrong).getBytes(StandardCharsets.US_ASCII));
      assertThat(ProxyDaemon.line(socket)).isEqualTo("HTTP/1.1 200 OK\r\n");
      assertThatThrownBy(() -> socket.getInputStream().skipNBytes(LENGTH + 10_000L))
          .isInstanceOf(IOException.class);
    }
    String line = awaitLine();
    assertThat(line).contains(" status=200 outcome=broken ", " cache=0 peers=0 seed=0 ");
    assertThat(number(line, "bytes")).isBetween((long) PIECE, LENGTH - 1L);
    assertThat(number(line, "origin")).isEqualTo(number(line, "bytes"));
  }

  @Test
  void ofAClientThatLeavesItHasWhatWasSentOfEachSource() throws Exception {
    String first = "Range: bytes=0-" + (PIECE - 1) + "\r\n";
    assertThat(daemon.raw(get(origin.path(), first, "Connection: close\r\n")))
        .startsWith("HTTP/1.1 206 ");
    var _ = awaitLine();

    origin.steps = new Semaphore(4);
    try (Socket socket = daemon.connect()) {
      socket.getOutputStream().write(get(origin.path()).getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().readNBytes(PIECE + (64 << 10)))
          .hasSize(PIECE + (64 << 10));
    }
    await()
        .until(() -> {
          origin.steps.release();
          return !lines.isEmpty();
        });
    String line = awaitLine();
    assertThat(line).contains(" status=200 outcome=client_gone ", " cache=" + PIECE + " ");
    long sent = number(line, "bytes");
    assertThat(sent).isBetween((long) PIECE + 1, (long) LENGTH);
    assertThat(number(line, "origin")).isEqualTo(sent - PIECE);
  }
}
