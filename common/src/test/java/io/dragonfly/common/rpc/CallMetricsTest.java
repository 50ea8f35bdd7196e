package io.dragonfly.common.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.MetricsServer;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class CallMetricsTest {
  private static final String STAT =
      "grpc_method=\"StatTask\",grpc_service=\"dfdaemon.v2.DfdaemonUpload\",grpc_type=\"unary\"} ";

  private final Closer closer = new Closer();
  private final BlockingQueue<StreamObserver<SyncPiecesResponse>> streams =
      new LinkedBlockingQueue<>();
  private DfdaemonUploadGrpc.DfdaemonUploadBlockingStub stub;
  private RpcServer server;
  private RpcChannels channels;
  private URI page;

  private final class Upload extends DfdaemonUploadGrpc.DfdaemonUploadImplBase {
    @Override
    public void statTask(StatTaskRequest request, StreamObserver<Task> responses) {
      switch (request.getTaskId()) {
        case "known" -> {
          responses.onNext(Task.getDefaultInstance());
          responses.onCompleted();
        }
        case "broken" -> throw new IllegalStateException("broken");
        default -> responses.onError(Status.NOT_FOUND.asException());
      }
    }

    @Override
    public void syncPieces(
        SyncPiecesRequest request, StreamObserver<SyncPiecesResponse> responses) {
      responses.onNext(SyncPiecesResponse.getDefaultInstance());
      responses.onNext(SyncPiecesResponse.getDefaultInstance());
      streams.add(responses);
    }
  }

  @BeforeEach
  void open() throws IOException {
    InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Metrics metrics = new Metrics("dragonfly_test_");
    EventLoops loops = closer.add(new EventLoops("test", 1));
    channels = closer.add(RpcChannels.plaintext(loops));
    server =
        closer.add(
            RpcServer.builder("test", loops)
                .address(local)
                .service(new Upload())
                .counting(new CallMetrics(metrics))
                .build());
    server.start();
    stub =
        DfdaemonUploadGrpc.newBlockingStub(
                channels.channel(new HostPort("127.0.0.1", server.port())))
            .withDeadlineAfter(30, TimeUnit.SECONDS);
    MetricsServer pages = closer.add(new MetricsServer(local, metrics)).start();
    page = URI.create("http://127.0.0.1:" + pages.port() + "/metrics");
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private String text() throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  private static StatTaskRequest stat(String task) {
    return StatTaskRequest.newBuilder().setTaskId(task).build();
  }

  @Test
  void everyMethodIsShownBeforeItIsCalled() throws Exception {
    assertThat(text())
        .contains("# TYPE grpc_server_started_total counter\n")
        .contains("\ngrpc_server_started_total{" + STAT + "0.0\n")
        .contains("\ngrpc_server_handled_total{grpc_code=\"OK\"," + STAT + "0.0\n")
        .contains("\ngrpc_server_handled_total{grpc_code=\"DeadlineExceeded\"," + STAT + "0.0\n")
        .contains("\ngrpc_server_msg_received_total{" + STAT + "0.0\n")
        .contains("\ngrpc_server_msg_sent_total{" + STAT + "0.0\n")
        .contains("grpc_service=\"grpc.health.v1.Health\"");
  }

  @Test
  void callsAreCountedByHowTheyEnd() throws Exception {
    stub.statTask(stat("known"));
    stub.statTask(stat("known"));
    assertThatThrownBy(() -> stub.statTask(stat("other")))
        .isInstanceOf(StatusRuntimeException.class);
    assertThatThrownBy(() -> stub.statTask(stat("broken")))
        .isInstanceOf(StatusRuntimeException.class);

    await()
        .atMost(10, TimeUnit.SECONDS)
        .untilAsserted(() ->
            assertThat(text())
                .contains("\ngrpc_server_started_total{" + STAT + "4.0\n")
                .contains("\ngrpc_server_msg_received_total{" + STAT + "4.0\n")
                .contains("\ngrpc_server_msg_sent_total{" + STAT + "2.0\n")
                .contains("\ngrpc_server_handled_total{grpc_code=\"OK\"," + STAT + "2.0\n")
                .contains("\ngrpc_server_handled_total{grpc_code=\"NotFound\"," + STAT + "1.0\n")
                .contains("\ngrpc_server_handled_total{grpc_code=\"Internal\"," + STAT + "1.0\n"));
  }

  @Test
  void aStreamThatIsCutOffIsCanceled() throws Exception {
    ClientCall<SyncPiecesRequest, SyncPiecesResponse> call =
        stub.getChannel().newCall(DfdaemonUploadGrpc.getSyncPiecesMethod(), stub.getCallOptions());
    ClientCalls.asyncServerStreamingCall(
        call,
        SyncPiecesRequest.getDefaultInstance(),
        new StreamObserver<>() {
          @Override
          public void onNext(SyncPiecesResponse response) {}

          @Override
          public void onError(Throwable failure) {}

          @Override
          public void onCompleted() {}
        });
    assertThat(streams.poll(30, TimeUnit.SECONDS)).isNotNull();
    call.cancel("enough", null);

    String sync =
        "grpc_method=\"SyncPieces\",grpc_service=\"dfdaemon.v2.DfdaemonUpload\","
            + "grpc_type=\"server_stream\"} ";
    await()
        .atMost(10, TimeUnit.SECONDS)
        .untilAsserted(() ->
            assertThat(text())
                .contains("\ngrpc_server_started_total{" + sync + "1.0\n")
                .contains("\ngrpc_server_msg_sent_total{" + sync + "2.0\n")
                .contains("\ngrpc_server_handled_total{grpc_code=\"Canceled\"," + sync + "1.0\n"));
  }

  @Test
  void aMethodThatTheServerDoesNotHaveIsNotCounted() throws Exception {
    MethodDescriptor<StatTaskRequest, Task> unknown =
        DfdaemonUploadGrpc.getStatTaskMethod().toBuilder()
            .setFullMethodName("some.Other/Method")
            .build();
    assertThatThrownBy(() ->
            ClientCalls.blockingUnaryCall(
                stub.getChannel(), unknown, stub.getCallOptions(), stat("x")))
        .isInstanceOf(StatusRuntimeException.class);

    assertThat(text()).doesNotContain("some.Other");
  }

  @Test
  void codesHaveGosNames() {
    assertThat(CallMetrics.name(Status.Code.OK)).isEqualTo("OK");
    assertThat(CallMetrics.name(Status.Code.CANCELLED)).isEqualTo("Canceled");
    assertThat(CallMetrics.name(Status.Code.DATA_LOSS)).isEqualTo("DataLoss");
    assertThat(CallMetrics.name(Status.Code.INVALID_ARGUMENT)).isEqualTo("InvalidArgument");
  }
}
