package io.dragonfly.common.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.lifecycle.Closer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class PageServersTest {
  private final Closer closer = new Closer();
  private final Metrics metrics = new Metrics("dragonfly_test_");

  private static InetSocketAddress local(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  @AfterEach
  void close() {
    closer.close();
  }

  /** The whole answer. */
  private static String ask(int port, String method, String path) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      String request = method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void metricsAreServedAsText() throws IOException {
    metrics.counter("task_total", "Tasks.").with().inc(4);
    MetricsServer server = closer.add(new MetricsServer(local(0), metrics)).start();

    assertThat(ask(server.port(), "GET", "/metrics"))
        .startsWith("HTTP/1.1 200 ")
        .containsIgnoringCase("content-type: text/plain; version=0.0.4")
        .contains("\ndragonfly_test_task_total 4.0\n");
    assertThat(ask(server.port(), "GET", "/")).startsWith("HTTP/1.1 404 ");
    assertThat(ask(server.port(), "GET", "/metrics/x")).startsWith("HTTP/1.1 404 ");
    assertThat(ask(server.port(), "POST", "/metrics")).startsWith("HTTP/1.1 405 ");
    assertThat(ask(server.port(), "HEAD", "/metrics"))
        .startsWith("HTTP/1.1 200 ")
        .endsWith("\r\n\r\n");
  }

  @Test
  void countersAreDeletedOnlyWhereThatIsAllowed() throws IOException {
    metrics.counter("task_total", "Tasks.").with().inc(4);
    MetricsServer fixed = closer.add(new MetricsServer(local(0), metrics)).start();
    MetricsServer open = closer.add(MetricsServer.resettable(local(0), metrics)).start();

    assertThat(ask(fixed.port(), "DELETE", "/metrics"))
        .startsWith("HTTP/1.1 405 ")
        .contains("Allow: GET, HEAD\r\n");
    assertThat(ask(open.port(), "GET", "/metrics")).contains("\ndragonfly_test_task_total 4.0\n");
    assertThat(ask(open.port(), "DELETE", "/other")).startsWith("HTTP/1.1 404 ");
    assertThat(ask(open.port(), "DELETE", "/metrics")).startsWith("HTTP/1.1 200 ");
    assertThat(ask(open.port(), "GET", "/metrics")).contains("\ndragonfly_test_task_total 0.0\n");
    assertThat(ask(open.port(), "POST", "/metrics"))
        .startsWith("HTTP/1.1 405 ")
        .contains("Allow: GET, HEAD, DELETE\r\n");
  }

  @Test
  void aMetricThatFailsDoesNotEndTheServer() throws IOException {
    metrics.gauge(
        "broken",
        "Throws.",
        () -> {
          throw new IllegalStateException("no value");
        });
    MetricsServer server = closer.add(new MetricsServer(local(0), metrics)).start();

    assertThat(ask(server.port(), "GET", "/metrics")).doesNotStartWith("HTTP/1.1 200 ");
    assertThat(ask(server.port(), "GET", "/other")).startsWith("HTTP/1.1 404 ");
  }

  @Test
  void healthIsAnEmptyPage() throws IOException {
    HealthServer server = closer.add(new HealthServer(local(0))).start();

    assertThat(ask(server.port(), "GET", "/healthy"))
        .startsWith("HTTP/1.1 200 ")
        .endsWith("\r\n\r\n");
    assertThat(ask(server.port(), "GET", "/other")).startsWith("HTTP/1.1 404 ");
  }

  @Test
  void connectionsThatSayNothingDoNotKeepOthersOut() throws IOException {
    HealthServer server = closer.add(new HealthServer(local(0))).start();
    for (int i = 0; i < 8; i++) {
      closer.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
    }

    assertThat(ask(server.port(), "GET", "/healthy")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void aPortInUseIsNamedWithTheRemedy() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();

      assertThatThrownBy(() -> new HealthServer(local(port)))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("cannot serve /healthy on ")
          .hasMessageContaining(":" + port + ": ")
          .hasMessageEndingWith("Stop the program that uses the port, or configure another");
    }
  }

  @Test
  void afterCloseThePortIsFree() throws IOException {
    HealthServer server = new HealthServer(local(0)).start();
    int port = server.port();

    server.close();

    closer.add(new HealthServer(local(port)));
  }
}
