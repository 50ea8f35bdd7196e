package io.dragonfly.common.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls beyond the rate, on a limit whose clock stands still: one passes, two wait. */
@Timeout(60)
final class WaitingCallTest {
  private static final Context.Key<String> WHO = Context.key("who");

  private final Closer closer = new Closer();
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final List<String> seen = new CopyOnWriteArrayList<>();

  private final class Upload extends DfdaemonUploadGrpc.DfdaemonUploadImplBase {
    @Override
    public void statTask(StatTaskRequest request, StreamObserver<Task> responses) {
      seen.add(request.getTaskId() + " of " + WHO.get());
      if (request.getTaskId().equals("broken")) {
        throw new IllegalStateException("broken");
      }
      responses.onNext(Task.newBuilder().setId(request.getTaskId()).build());
      responses.onCompleted();
    }
  }

  /** Outside of the limit, so its context has to reach a call that begins later. */
  private static final class Naming implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      return Contexts.interceptCall(
          Context.current().withValue(WHO, "someone"), call, headers, next);
    }
  }

  /** Refuses to begin any call that has waited. */
  private static final class Failing implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      if (Thread.currentThread().getName().startsWith("pool")) {
        throw new IllegalStateException("not now");
      }
      return next.startCall(call, headers);
    }
  }

  private DfdaemonUploadGrpc.DfdaemonUploadBlockingStub serve(ServerInterceptor... more)
      throws Exception {
    timer.setRemoveOnCancelPolicy(true);
    EventLoops loops = closer.add(new EventLoops("test", 2));
    RpcChannels channels = closer.add(RpcChannels.plaintext(loops));
    closer.add(timer::shutdownNow);
    RpcServer.Builder builder =
        RpcServer.builder("test", loops)
            .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .interceptor(new Naming())
            .interceptor(new RateLimit(1, 2, Optional.of(timer), () -> 0))
            .service(new Upload());
    List.of(more).forEach(builder::interceptor);
    RpcServer server = closer.add(builder.build());
    server.start();
    return DfdaemonUploadGrpc.newBlockingStub(
        channels.channel(new HostPort("127.0.0.1", server.port())));
  }

  private static StatTaskRequest stat(String task) {
    return StatTaskRequest.newBuilder().setTaskId(task).build();
  }

  @AfterEach
  void close() {
    closer.close();
  }

  @Test
  void someCallsWaitAndTheNextIsRefused() throws Exception {
    var stub = serve();
    assertThat(stub.statTask(stat("one")).getId()).isEqualTo("one");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Task>> waiting =
          List.of(
              threads.submit(() -> stub.statTask(stat("two"))),
              threads.submit(() -> stub.statTask(stat("two"))));
      await().atMost(20, TimeUnit.SECONDS).until(() -> timer.getTaskCount() == 2);
      assertThatThrownBy(() -> stub.statTask(stat("three")))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
      for (Future<Task> call : waiting) {
        assertThat(call.get().getId()).isEqualTo("two");
      }
    }
    assertThat(seen).containsExactly("one of someone", "two of someone", "two of someone");
  }

  @Test
  void aCallThatIsCancelledWhileItWaitsNeverBegins() throws Exception {
    var stub = serve();
    stub.statTask(stat("one"));
    assertThatThrownBy(
            () -> stub.withDeadlineAfter(200, TimeUnit.MILLISECONDS).statTask(stat("two")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    await().atMost(20, TimeUnit.SECONDS).until(() -> timer.getQueue().isEmpty());
    // It begins after two seconds, so the one before would have begun by then.
    assertThat(stub.statTask(stat("three")).getId()).isEqualTo("three");
    assertThat(seen).containsExactly("one of someone", "three of someone");
  }

  @Test
  void aCallThatBreaksWhenItBeginsIsEndedInPlainWords() throws Exception {
    var stub = serve(new Failing());
    stub.statTask(stat("one"));
    assertThatThrownBy(() -> stub.statTask(stat("two")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
              assertThat(e.getStatus().getDescription()).doesNotContain("not now");
            });
    assertThat(seen).containsExactly("one of someone");
  }

  @Test
  void aServiceThatBreaksAfterTheWaitIsAnsweredToo() throws Exception {
    var stub = serve();
    stub.statTask(stat("one"));
    assertThatThrownBy(() -> stub.statTask(stat("broken")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL));
  }

  @Test
  void withoutATimerTheCallIsRefused() throws Exception {
    var stub = serve();
    stub.statTask(stat("one"));
    timer.shutdownNow();
    assertThatThrownBy(() -> stub.statTask(stat("two")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
  }
}
