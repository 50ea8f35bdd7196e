package io.dragonfly.scheduler;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The upload port of a seed: it notes what it is asked and answers what a test says. */
final class TestSeed extends DfdaemonUploadGrpc.DfdaemonUploadImplBase implements AutoCloseable {
  /** One call. */
  record Asked(
      Download download,
      ServerCallStreamObserver<DownloadTaskResponse> answer,
      BlockingQueue<Boolean> cancelled) {}

  final BlockingQueue<Asked> calls = new LinkedBlockingQueue<>();
  private final Server server;

  TestSeed() throws IOException {
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(this)
            .addService(new HealthStatusManager().getHealthService())
            .build()
            .start();
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void downloadTask(
      DownloadTaskRequest request, StreamObserver<DownloadTaskResponse> response) {
    ServerCallStreamObserver<DownloadTaskResponse> answer =
        (ServerCallStreamObserver<DownloadTaskResponse>) response;
    BlockingQueue<Boolean> cancelled = new LinkedBlockingQueue<>();
    answer.setOnCancelHandler(() -> cancelled.add(true));
    calls.add(new Asked(request.getDownload(), answer, cancelled));
  }

  Asked next() throws InterruptedException {
    Asked asked = calls.poll(20, TimeUnit.SECONDS);
    if (asked == null) {
      throw new AssertionError("the seed was not asked");
    }
    return asked;
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
