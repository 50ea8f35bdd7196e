package io.dragonfly.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.scheduler.TestClient.UpstreamPeer;
import io.grpc.Status;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the scheduler counts, as Prometheus sees it. */
@Timeout(120)
final class MetricsTest {
  private static final String DOWNLOAD =
      "{host_type=\"normal\",priority=\"LEVEL0\",task_type=\"STANDARD\"} ";

  private final Closer closer = new Closer();

  @SuppressWarnings("NullAway.Init") // set by each test
  private Scheduler scheduler;

  @SuppressWarnings("NullAway.Init")
  private TestClient client;

  private void start(boolean byHost) throws IOException {
    scheduler =
        closer.add(
            new Scheduler(
                SchedulerConfig.loopback()
                    .withMetrics(new SchedulerConfig.Metrics(true, "127.0.0.1:0", byHost)),
                Optional.empty()));
    scheduler.start();
    client = closer.add(new TestClient(scheduler.port()));
  }

  @AfterEach
  void stop() {
    closer.close();
  }

  private HttpResponse<String> ask(String method) throws IOException, InterruptedException {
    URI page = URI.create("http://127.0.0.1:" + scheduler.metricsPort().orElseThrow() + "/metrics");
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(page).method(method, HttpRequest.BodyPublishers.noBody()).build(),
          BodyHandlers.ofString());
    }
  }

  private void shows(String... lines) {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(ask("GET").body().lines()).contains(lines));
  }

  /** One peer reads the origin, another takes its pieces. */
  private void shareAFile() throws Exception {
    client.announce("a", 0, 4001);
    client.announce("b", 0, 4002);
    UpstreamPeer first = client.upstream("t1", "a-1").register(TestClient.download(2));
    first.next();
    first.originStarted();
    first.piece(0, true);
    first.piece(1, true);
    UpstreamPeer second = client.upstream("t1", "b-1").register(TestClient.download(2));
    second.next();
    second.started();
    for (int piece = 0; piece < 2; piece++) {
      AnnouncePeerRequest.Builder message = second.message();
      message
          .getDownloadPieceFinishedRequestBuilder()
          .getPieceBuilder()
          .setNumber(piece)
          .setLength(TestClient.PIECE)
          .setParentId("a-1");
      second.send(message.build());
    }
    AnnouncePeerRequest.Builder missed = second.message();
    missed
        .getDownloadPieceFailedRequestBuilder()
        .setPieceNumber(1)
        .setParentId("a-1")
        .setTemporary(true);
    second.send(missed.build());
    first.finished(true);
    second.finished(false);
    assertThat(first.end()).isEqualTo(Status.OK);
    assertThat(second.end()).isEqualTo(Status.OK);
  }

  @Test
  void aSharedFileIsCountedUnderUpstreamsNames() throws Exception {
    start(false);
    shareAFile();

    String fromOrigin =
        "{host_type=\"normal\",task_type=\"STANDARD\",traffic_type=\"BACK_TO_SOURCE\"} ";
    String fromPeer = "{host_type=\"normal\",task_type=\"STANDARD\",traffic_type=\"REMOTE_PEER\"} ";
    shows(
        "# TYPE dragonfly_scheduler_traffic counter",
        "dragonfly_scheduler_traffic{host_type=\"normal\",task_type=\"STANDARD\","
            + "type=\"BACK_TO_SOURCE\"} 8388608.0",
        "dragonfly_scheduler_traffic{host_type=\"normal\",task_type=\"STANDARD\","
            + "type=\"REMOTE_PEER\"} 8388608.0",
        "# TYPE dragonfly_scheduler_register_peer_total counter",
        "dragonfly_scheduler_register_peer_total" + DOWNLOAD + "2.0",
        "dragonfly_scheduler_announce_peer_total 2.0",
        "dragonfly_scheduler_download_peer_started_total" + DOWNLOAD + "1.0",
        "dragonfly_scheduler_download_peer_back_to_source_started_total" + DOWNLOAD + "1.0",
        "dragonfly_scheduler_download_peer_finished_total" + DOWNLOAD + "2.0",
        "dragonfly_scheduler_download_piece_finished_total" + fromOrigin + "2.0",
        // Pieces that did not arrive are in the total too.
        "dragonfly_scheduler_download_piece_finished_total" + fromPeer + "3.0",
        "dragonfly_scheduler_download_piece_finished_failure_total" + fromPeer + "1.0",
        "# TYPE dragonfly_scheduler_download_peer_duration_milliseconds summary",
        "# TYPE dragonfly_scheduler_schedule_duration_milliseconds summary",
        "dragonfly_scheduler_schedule_duration_milliseconds_count 2",
        "# TYPE dragonfly_scheduler_concurrent_schedule_total gauge",
        "dragonfly_scheduler_concurrent_schedule_total 0.0",
        "# TYPE dragonfly_scheduler_version gauge",
        "# TYPE process_start_time_seconds gauge",
        "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"AnnouncePeer\","
            + "grpc_service=\"scheduler.v2.Scheduler\",grpc_type=\"bidi_stream\"} 2.0");
    assertThat(ask("GET").body())
        .contains("\ndragonfly_scheduler_version{build_time=\"\",git_commit=\"")
        .doesNotContain("host_traffic")
        .contains("\ndragonfly_scheduler_announce_host_total{build_platform=\"\",")
        .contains("os=\"linux\"");
  }

  @Test
  void trafficIsCountedByHostWhereThatIsWanted() throws Exception {
    start(true);
    shareAFile();

    shows(
        "# TYPE dragonfly_scheduler_host_traffic counter",
        host("a") + "download\"} 8388608.0",
        host("b") + "download\"} 8388608.0",
        host("a") + "upload\"} 8388608.0");
    assertThat(ask("GET").body()).doesNotContain(host("b") + "upload");
  }

  private static String host(String name) {
    return "dragonfly_scheduler_host_traffic{host_id=\""
        + name
        + "\",host_ip=\"127.0.0.1\",host_name=\""
        + name
        + "\",host_type=\"normal\",task_type=\"STANDARD\",type=\"";
  }

  @Test
  void whatFailsIsCounted() throws Exception {
    start(false);
    assertThat(client.upstream("t1", "nobody-1").register(TestClient.download(1)).end().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThatThrownBy(() -> client.announce("a", 9, 4001)).hasMessageContaining("host.type");
    client.announce("a", 0, 4001);
    UpstreamPeer peer = client.upstream("t2", "a-1").register(TestClient.download(1));
    peer.next();
    peer.originStarted();
    AnnouncePeerRequest.Builder piece = peer.message();
    piece.getDownloadPieceBackToSourceFailedRequestBuilder().setPieceNumber(0);
    peer.send(piece.build());
    AnnouncePeerRequest.Builder failed = peer.message();
    failed.getDownloadPeerBackToSourceFailedRequestBuilder().setDescription("no");
    peer.send(failed.build());
    peer.end();

    shows(
        "dragonfly_scheduler_register_peer_failure_total" + DOWNLOAD + "1.0",
        "dragonfly_scheduler_download_peer_finished_total" + DOWNLOAD + "1.0",
        "dragonfly_scheduler_download_peer_back_to_source_finished_failure_total"
            + DOWNLOAD
            + "1.0",
        "dragonfly_scheduler_download_piece_back_to_source_finished_failure_total{"
            + "host_type=\"normal\",task_type=\"STANDARD\",traffic_type=\"BACK_TO_SOURCE\"} 1.0");
    assertThat(ask("GET").body())
        .contains("\ndragonfly_scheduler_announce_host_failure_total{")
        .doesNotContain("\ndragonfly_scheduler_download_peer_finished_failure_total{");
  }

  @Test
  void nobodyResetsTheCounters() throws Exception {
    start(false);
    assertThat(ask("DELETE").statusCode()).isEqualTo(405);
    assertThat(ask("GET").headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
  }
}
