package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the daemon's /metrics says of its proxy, by upstream's names. */
class ProxyMetricsTest {
  private static final int LENGTH = (4 << 20) + 12345;

  @TempDir Path dir;
  private final HttpClient http = HttpClient.newHttpClient();
  private ProxyOrigin origin;
  private Daemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(LENGTH);
    daemon = new Daemon(LoopbackConfig.of(dir, "one", ""), dir.resolve("dynconfig.yaml"));
    daemon.start();
  }

  @AfterEach
  void stop() {
    http.close();
    daemon.close();
    origin.close();
  }

  private int mirror(String registry, String path, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.proxyPort() + path))
            .header("X-Dragonfly-Registry", registry);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), BodyHandlers.discarding()).statusCode();
  }

  private String metrics() throws Exception {
    URI page = URI.create("http://127.0.0.1:" + daemon.metricsPort() + "/metrics");
    return http.send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString()).body();
  }

  /** Waits for it: an answer's last byte is sent before its end is noticed. */
  private void awaitMetrics(String... lines) {
    await()
        .untilAsserted(() ->
            assertThat(metrics().lines())
                .contains(
                    Arrays.stream(lines)
                        .map(line -> "dragonfly_client_" + line)
                        .toArray(String[]::new)));
  }

  @Test
  void theNamesAreThereBeforeTheFirstRequest() throws Exception {
    awaitMetrics(
        "proxy_request_total 0.0",
        "proxy_request_failure_total 0.0",
        "proxy_request_via_dfdaemon_total 0.0");
    assertThat(metrics().lines())
        .contains(
            "# TYPE dragonfly_client_proxy_request_total counter",
            "# TYPE dragonfly_client_proxy_request_failure_total counter",
            "# TYPE dragonfly_client_proxy_request_via_dfdaemon_total counter");
  }

  @Test
  void requestsAreCountedByWhatBecomesOfThem() throws Exception {
    assertThat(mirror(origin.base(), "/v2/team/app/manifests/1")).isEqualTo(200);
    awaitMetrics(
        "proxy_request_total 1.0",
        "proxy_request_failure_total 0.0",
        "proxy_request_via_dfdaemon_total 0.0");

    assertThat(mirror(origin.base(), origin.path())).isEqualTo(200);
    assertThat(mirror(origin.base(), origin.path())).isEqualTo(200);
    awaitMetrics(
        "proxy_request_total 3.0",
        "proxy_request_failure_total 0.0",
        "proxy_request_via_dfdaemon_total 2.0",
        "download_task_total{app=\"\",priority=\"6\",tag=\"\",type=\"0\"} 2.0",
        "download_traffic{type=\"BACK_TO_SOURCE\"} " + (double) LENGTH,
        "download_traffic{type=\"LOCAL_PEER\"} " + (double) LENGTH);

    origin.wanted = "Bearer a";
    assertThat(mirror(origin.base(), origin.path().replace("app", "other"))).isEqualTo(401);
    awaitMetrics("proxy_request_total 4.0", "proxy_request_failure_total 0.0");

    assertThat(mirror("http://127.0.0.1:" + freePort(), "/v2/team/app/tags/list")).isEqualTo(502);
    awaitMetrics("proxy_request_total 5.0", "proxy_request_failure_total 1.0");
  }

  @Test
  void aPrefetchIsADownloadOfItsOwn() throws Exception {
    String labels = "{app=\"\",priority=\"6\",tag=\"\",type=\"0\"}";
    mirror(origin.base(), origin.path(), "Range", "bytes=0-9", "X-Dragonfly-Prefetch", "true");
    awaitMetrics(
        "proxy_request_total 1.0",
        "prefetch_task_total" + labels + " 1.0",
        "download_task_total" + labels + " 2.0",
        "concurrent_download_task_total" + labels + " 0.0");
    assertThat(metrics())
        .contains("# TYPE dragonfly_client_prefetch_task_total counter")
        .doesNotContain("prefetch_task_failure_total{");
  }

  @Test
  void aPrefetchThatFailsIsCountedAsThatToo() throws Exception {
    origin.wanted = "Bearer a";
    String labels = "{app=\"\",priority=\"6\",tag=\"\",type=\"0\"}";
    mirror(origin.base(), origin.path(), "Range", "bytes=0-9", "X-Dragonfly-Prefetch", "true");
    awaitMetrics(
        "prefetch_task_failure_total" + labels + " 1.0",
        "download_task_failure_total" + labels + " 2.0",
        "concurrent_download_task_total" + labels + " 0.0");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
