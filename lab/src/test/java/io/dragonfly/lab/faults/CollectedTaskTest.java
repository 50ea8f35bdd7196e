package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.DAEMON_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.api.scheduler.v2.StatTaskRequest;
import io.dragonfly.common.id.TaskIdentity;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a daemon's collection took away is no longer looked for there. */
@Timeout(300)
final class CollectedTaskTest {
  private static final LabContent CONTENT = new LabContent(43, (5 << 20) + 77);
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @Test
  void theSchedulerForgetsWhoHadIt() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("b"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.cluster.startDaemon("a", "gc:\n  interval: 1s\n  policy:\n    taskTTL: 15s\n");
      String url = origin.url("/cold");
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", bench.cluster.schedulerPort())
              .usePlaintext()
              .build();
      try {
        bench.run(DAEMON_KILLED, "a", url).succeededWith(CONTENT);
        assertThat(isHeld(channel, url)).isTrue();
        await().atMost(PATIENCE).until(() -> !isHeld(channel, url));
      } finally {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
      }
      long sent = origin.bytesSent();
      bench.run(DAEMON_KILLED, "b", url).succeededWith(CONTENT);
      assertThat(origin.bytesSent() - sent).isGreaterThanOrEqualTo(CONTENT.length());
    }
  }

  private static boolean isHeld(ManagedChannel scheduler, String url) {
    try {
      return SchedulerGrpc.newBlockingStub(scheduler)
          .withDeadlineAfter(30, TimeUnit.SECONDS)
          .statTask(StatTaskRequest.newBuilder().setTaskId(taskId(url)).build())
          .getHasAvailablePeer();
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      return false;
    }
  }

  private static String taskId(String url) {
    return new TaskIdentity(
            url,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            OptionalLong.empty(),
            TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS,
            Optional.empty(),
            /* byBlobDigest= */ false)
        .taskId()
        .value();
  }
}
