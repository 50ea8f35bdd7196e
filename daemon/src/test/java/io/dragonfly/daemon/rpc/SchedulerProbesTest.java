package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.StallingRelay;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SchedulerProbesTest {
  private static final SchedulerProbes.Options OPTIONS =
      new SchedulerProbes.Options(
          Duration.ofMillis(500), Duration.ofMillis(2000), Duration.ofMillis(50));

  /** Long enough for many probes, had there been a reason. */
  private static final Duration A_WHILE = Duration.ofSeconds(7);

  private final Closer closer = new Closer();
  private final AtomicInteger probes = new AtomicInteger();
  private RpcChannels channels;
  private SchedulerProbes watch;

  /** Takes streams and never says a word in them. */
  private static final class Mute extends SchedulerGrpc.SchedulerImplBase {
    @Override
    public StreamObserver<AnnouncePeerRequest> announcePeer(
        StreamObserver<AnnouncePeerResponse> answers) {
      return new Ended<>(new CompletableFuture<>());
    }

    @Override
    public void announceHost(AnnounceHostRequest request, StreamObserver<Empty> answers) {
      answers.onNext(Empty.getDefaultInstance());
      answers.onCompleted();
    }
  }

  private final class Health extends HealthGrpc.HealthImplBase {
    @Override
    public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> answers) {
      probes.incrementAndGet();
      answers.onNext(HealthCheckResponse.getDefaultInstance());
      answers.onCompleted();
    }

    @Override
    public void watch(HealthCheckRequest request, StreamObserver<HealthCheckResponse> answers) {
      answers.onNext(HealthCheckResponse.getDefaultInstance());
    }
  }

  private final class CountedProbes implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      if (call.getMethodDescriptor().equals(HealthGrpc.getCheckMethod())) {
        probes.incrementAndGet();
      }
      return next.startCall(call, headers);
    }
  }

  /** How a call ended. */
  private record Ended<T>(CompletableFuture<Status> status) implements StreamObserver<T> {
    @Override
    public void onNext(T message) {}

    @Override
    public void onError(Throwable failure) {
      status.complete(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      status.complete(Status.OK);
    }
  }

  @BeforeEach
  void open() {
    channels = closer.add(RpcChannels.plaintext(closer.add(new EventLoops("test", 1))));
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    closer.add(timer::shutdownNow);
    watch = new SchedulerProbes(channels, timer, OPTIONS);
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private int serve(BindableService... services) throws IOException {
    ServerBuilder<?> builder = ServerBuilder.forPort(0);
    for (BindableService service : services) {
      builder.addService(service);
    }
    Server server = builder.build().start();
    closer.add(server::shutdownNow);
    return server.getPort();
  }

  private static InetSocketAddress local(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private CompletableFuture<Status> call(int port) {
    CompletableFuture<Status> status = new CompletableFuture<>();
    SchedulerGrpc.newStub(watch.watched(local(port)))
        .announcePeer(new Ended<>(status))
        .onNext(AnnouncePeerRequest.getDefaultInstance());
    return status;
  }

  private static boolean lives(CompletableFuture<Status> call) throws Exception {
    try {
      call.get(A_WHILE.toMillis(), TimeUnit.MILLISECONDS);
      return false;
    } catch (TimeoutException e) {
      return true;
    }
  }

  @Test
  void aSchedulerWithNothingToSayKeepsItsCallsAndIsProbedOnceForAll() throws Exception {
    int port = serve(new Mute(), new Health());
    List<CompletableFuture<Status>> calls = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      calls.add(call(port));
    }
    assertThat(lives(calls.getFirst())).isTrue();
    assertThat(calls).noneMatch(CompletableFuture::isDone);
    // One each 500 ms at most.
    assertThat(probes.get()).isBetween(1, 14);
  }

  @Test
  void aServerThatForbidsFrequentPingsIsNotUpset() throws Exception {
    HealthStatusManager health = new HealthStatusManager(); // knows the empty name only
    Server server =
        NettyServerBuilder.forPort(0)
            .permitKeepAliveTime(5, TimeUnit.MINUTES)
            .permitKeepAliveWithoutCalls(false)
            .addService(new Mute())
            .addService(health.getHealthService())
            .intercept(new CountedProbes())
            .build()
            .start();
    closer.add(server::shutdownNow);

    assertThat(lives(call(server.getPort()))).isTrue();

    // More than the two pings that such a server bears before it closes the connection.
    assertThat(probes.get()).isGreaterThan(2);
    assertThat(channels.size()).isOne();
  }

  @Test
  void aHostWithoutDownloadsDoesNotProbe() throws Exception {
    int port = serve(new Mute(), new Health());
    SchedulerGrpc.newBlockingStub(watch.watched(local(port)))
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .announceHost(AnnounceHostRequest.getDefaultInstance());
    CompletableFuture<Status> connection = new CompletableFuture<>();
    HealthGrpc.newStub(SchedulerCalls.channel(channels, local(port)))
        .watch(HealthCheckRequest.getDefaultInstance(), new Ended<>(connection));

    assertThat(lives(connection)).isTrue();

    assertThat(probes.get()).isZero();
  }

  @Test
  void aSchedulerWithoutAHealthServiceIsAlive() throws Exception {
    assertThat(lives(call(serve(new Mute())))).isTrue();
  }

  @Test
  void callsToASchedulerThatStandsStillEndAsIfItWereKilledAndLaterOnesReachItAgain()
      throws Exception {
    StallingRelay relay = closer.add(new StallingRelay(serve(new Mute(), new Health())));
    List<CompletableFuture<Status>> calls = List.of(call(relay.port()), call(relay.port()));
    await().atMost(Duration.ofSeconds(30)).until(() -> probes.get() > 0);
    relay.stall();
    for (CompletableFuture<Status> call : calls) {
      assertThat(call.get(30, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
    assertThat(channels.size()).isZero();

    // Also a connection that was made meanwhile leads nowhere.
    assertThat(call(relay.port()).get(30, TimeUnit.SECONDS).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);

    relay.goOn();
    SchedulerGrpc.newBlockingStub(watch.watched(local(relay.port())))
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .announceHost(AnnounceHostRequest.getDefaultInstance());
    assertThat(lives(call(relay.port()))).isTrue();
  }
}
