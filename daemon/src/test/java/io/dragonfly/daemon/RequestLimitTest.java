package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The limits of requests on a daemon's two servers, by upstream's keys. */
@Timeout(60)
final class RequestLimitTest {
  private static final StatTaskRequest ASK =
      StatTaskRequest.newBuilder().setTaskId("0".repeat(64)).build();

  @TempDir private Path directory;

  @Test
  void eachServerAnswersSoManyASecondAndLetsSoManyWait() throws Exception {
    DaemonConfig config =
        Daemon.configuration(
            """
            host: {hostname: one, ip: 127.0.0.1}
            download: {server: {socketPath: %1$s/one.sock, requestRateLimit: 1, requestBufferSize: 2}}
            upload: {server: {ip: 127.0.0.1, port: 0, requestRateLimit: 1, requestBufferSize: 3}}
            storage: {dir: %1$s/one, server: {ip: 127.0.0.1, tcpPort: 0}}
            proxy: {server: {ip: 127.0.0.1, port: 0}}
            metrics: {server: {ip: 127.0.0.1, port: 0}}
            health: {server: {ip: 127.0.0.1, port: 0}}
            """
                .formatted(directory));
    try (EventLoops loops = new EventLoops("test", 1);
        RpcChannels channels = RpcChannels.plaintext(loops);
        Daemon daemon = new Daemon(config, directory.resolve("dynconfig.yaml"))) {
      daemon.start();
      var users = DfdaemonDownloadGrpc.newFutureStub(channels.channel(daemon.socketPath()));
      assertThat(refused(_ -> users.withDeadlineAfter(30, TimeUnit.SECONDS).statTask(ASK)))
          .as("all but one, two that wait for their turn, and those whose turn came meanwhile")
          .isBetween(8, 17);
      var peers =
          DfdaemonUploadGrpc.newFutureStub(
              channels.channel(new HostPort("127.0.0.1", daemon.uploadPort())));
      assertThat(refused(_ -> peers.withDeadlineAfter(30, TimeUnit.SECONDS).statTask(ASK)))
          .isBetween(8, 16);
    }
  }

  /** Of twenty calls at once, how many were refused. */
  private static int refused(IntFunction<ListenableFuture<?>> call) throws Exception {
    List<ListenableFuture<?>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(call.apply(i));
    }
    int refused = 0;
    for (ListenableFuture<?> answer : answers) {
      try {
        answer.get();
      } catch (ExecutionException e) {
        if (Status.fromThrowable(e).getCode() == Status.Code.RESOURCE_EXHAUSTED) {
          refused++;
        }
      }
    }
    return refused;
  }
}
