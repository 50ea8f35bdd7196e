package io.dragonfly.daemon.rpc;

import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.DeleteHostRequest;
import io.dragonfly.api.scheduler.v2.DeleteTaskRequest;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.api.scheduler.v2.StatTaskRequest;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.HostInfo;
import io.dragonfly.daemon.link.SchedulerLine;
import io.dragonfly.daemon.link.SchedulerSet;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** Everything that is asked of a scheduler outside of a download. Calls block and are bounded. */
public final class SchedulerCalls implements SchedulerLine {
  static final Metadata.Key<String> EXTENSION =
      Metadata.Key.of("dragonfly-extension", Metadata.ASCII_STRING_MARSHALLER);
  static final String EXTENSION_VERSION = "v1";

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int LARGEST_ANSWER = 64 << 20;

  private final RpcChannels channels;
  private final SchedulerProbes probes;
  private final SchedulerSet schedulers;
  private final HostId host;
  private final Supplier<PeerId> peerIds;

  public SchedulerCalls(
      RpcChannels channels,
      SchedulerProbes probes,
      SchedulerSet schedulers,
      HostId host,
      Supplier<PeerId> peerIds) {
    this.channels = channels;
    this.probes = probes;
    this.schedulers = schedulers;
    this.host = host;
    this.peerIds = peerIds;
  }

  static Channel channel(RpcChannels channels, InetSocketAddress address) {
    return channels.channel(HostPort.of(address));
  }

  private SchedulerGrpc.SchedulerBlockingV2Stub stub(InetSocketAddress address) {
    return SchedulerGrpc.newBlockingV2Stub(channel(channels, address))
        .withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
        .withMaxInboundMessageSize(LARGEST_ANSWER);
  }

  @Override
  public boolean announce(
      InetSocketAddress scheduler, HostInfo info, Duration interval, Duration patience)
      throws IOException, InterruptedException {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    // Watched: a connection that leads nowhere would be kept for minutes, and every call with it.
    SchedulerGrpc.SchedulerBlockingV2Stub stub =
        SchedulerGrpc.newBlockingV2Stub(probes.watched(scheduler))
            .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS)
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    AnnounceHostRequest request =
        AnnounceHostRequest.newBuilder()
            .setHost(HostMessages.host(info))
            .setInterval(ProtoTime.duration(interval))
            .build();
    call(() -> stub.announceHost(request));
    Metadata received = headers.get();
    return received != null && EXTENSION_VERSION.equals(received.get(EXTENSION));
  }

  @Override
  public void leave(InetSocketAddress scheduler, HostId id)
      throws IOException, InterruptedException {
    DeleteHostRequest request = DeleteHostRequest.newBuilder().setHostId(id.value()).build();
    call(() -> unlessUnknown(() -> stub(scheduler).deleteHost(request)));
  }

  @Override
  public void withdraw(InetSocketAddress scheduler, TaskId task)
      throws IOException, InterruptedException {
    call(() -> unlessUnknown(() -> stub(scheduler).deleteTask(deletion(task))));
  }

  /**
   * Says goodbye to all schedulers that know this host.
   *
   * @throws StatusException of the last scheduler that refused
   */
  void leaveAll() throws StatusException, InterruptedException {
    StatusException failure = null;
    for (InetSocketAddress scheduler : schedulers.all()) {
      try {
        leave(scheduler, host);
      } catch (IOException e) {
        failure = Status.UNAVAILABLE.withDescription(e.getMessage()).asException();
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** What the scheduler knows of a task; never the headers it is fetched with. */
  Task statTask(TaskId task) throws StatusException, InterruptedException {
    StatTaskRequest request =
        StatTaskRequest.newBuilder().setHostId(host.value()).setTaskId(task.value()).build();
    Task answer = stub(responsible(task)).statTask(request);
    return answer.toBuilder().clearRequestHeader().build();
  }

  void deleteTask(TaskId task) throws StatusException, InterruptedException {
    stub(responsible(task)).deleteTask(deletion(task));
  }

  private DeleteTaskRequest deletion(TaskId task) {
    return DeleteTaskRequest.newBuilder().setHostId(host.value()).setTaskId(task.value()).build();
  }

  private InetSocketAddress responsible(TaskId task) throws StatusException {
    List<InetSocketAddress> ordered = schedulers.inOrder(task);
    if (ordered.isEmpty()) {
      throw Status.UNAVAILABLE
          .withDescription("This daemon knows no scheduler to ask about task " + task.value())
          .asException();
    }
    return ordered.getFirst();
  }

  @Override
  public int hold(
      InetSocketAddress scheduler, Iterator<StoredTask> tasks, BiConsumer<TaskKey, String> refused)
      throws IOException, InterruptedException {
    return new HoldingCall(channel(channels, scheduler), host, peerIds).tell(tasks, refused);
  }

  /** The health service's Watch lives as long as the connection. */
  @Override
  public AutoCloseable watch(InetSocketAddress scheduler, Runnable lost) {
    AtomicBoolean over = new AtomicBoolean();
    Context.CancellableContext context = Context.ROOT.withCancellation();
    context.run(() ->
        HealthGrpc.newStub(channel(channels, scheduler))
            .watch(
                HealthCheckRequest.getDefaultInstance(),
                new StreamObserver<HealthCheckResponse>() {
                  @Override
                  public void onNext(HealthCheckResponse response) {
                    // Whatever it says, the connection stands.
                  }

                  @Override
                  public void onError(Throwable failure) {
                    onCompleted();
                  }

                  @Override
                  public void onCompleted() {
                    if (over.compareAndSet(false, true)) {
                      lost.run();
                    }
                  }
                }));
    return () -> {
      over.set(true);
      context.close();
    };
  }

  private interface Call {
    void run() throws StatusException, InterruptedException;
  }

  /** What the scheduler does not know has left already. */
  private static void unlessUnknown(Call call) throws StatusException, InterruptedException {
    try {
      call.run();
    } catch (StatusException e) {
      if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw e;
      }
    }
  }

  private static void call(Call call) throws IOException, InterruptedException {
    try {
      call.run();
    } catch (StatusException e) {
      throw new IOException(describe(e.getStatus()), e);
    } catch (StatusRuntimeException e) {
      throw new IOException(describe(e.getStatus()), e);
    }
  }

  static String describe(Status status) {
    String text = status.getDescription();
    return text == null ? status.getCode().name() : status.getCode() + ": " + text;
  }
}
