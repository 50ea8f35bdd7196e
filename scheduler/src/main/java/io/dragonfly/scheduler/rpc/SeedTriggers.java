package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskStartedResponse;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.swarm.SwarmAction;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls that ask a seed to download: DfdaemonUpload/DownloadTask at the port it announced. The
 * answers are read to the end; how it ends goes back to the swarm. A call is cancelled when the
 * lease moves on.
 */
final class SeedTriggers implements AutoCloseable {
  /** Where the end of a call is told. Called on an event loop; must not block. */
  interface Ended {
    void finished(TaskId task, long trigger, Optional<ContentInfo> learned);

    void failed(TaskId task, long trigger, OriginFailure failure);
  }

  private static final Logger log = LoggerFactory.getLogger(SeedTriggers.class);
  private static final long DEADLINE_HOURS = 24;
  private static final int MAX_MESSAGE = 16 << 20;

  private final RpcChannels channels;
  private final Map<Long, Trigger> running = new ConcurrentHashMap<>();
  private volatile @Nullable Ended ended;
  private volatile boolean closed;

  SeedTriggers(RpcChannels channels) {
    this.channels = channels;
  }

  /** Has to be called once, before the first trigger. */
  void listener(Ended listener) {
    ended = listener;
  }

  void start(SwarmAction.TriggerSeed order) {
    Trigger trigger = new Trigger(order, DownloadMessages.forSeed(order.download()));
    running.put(order.trigger(), trigger);
    if (closed) {
      running.remove(order.trigger());
      return;
    }
    log.info(
        "event=seed_triggered task={} seed={} url={}",
        order.task(),
        order.seed().id(),
        DownloadMessages.publicUrl(trigger.download.getUrl()));
    // Not in the context of the call that brought the event: this one outlives it.
    Context.ROOT.run(() -> call(order, trigger));
  }

  private void call(SwarmAction.TriggerSeed order, Trigger trigger) {
    DfdaemonUploadGrpc.newStub(
            channels.channel(new HostPort(order.seed().ip(), order.seed().port())))
        .withMaxInboundMessageSize(MAX_MESSAGE)
        .withDeadlineAfter(DEADLINE_HOURS, TimeUnit.HOURS)
        .downloadTask(
            DownloadTaskRequest.newBuilder().setDownload(trigger.download).build(), trigger);
  }

  void cancel(long id) {
    Trigger trigger = running.remove(id);
    if (trigger != null) {
      trigger.cancel("the scheduler gave the task to somebody else");
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Long id : List.copyOf(running.keySet())) {
      Trigger trigger = running.remove(id);
      if (trigger != null) {
        trigger.cancel("the scheduler stops");
      }
    }
  }

  private final class Trigger
      implements ClientResponseObserver<DownloadTaskRequest, DownloadTaskResponse> {
    private final SwarmAction.TriggerSeed order;
    private final Download download;
    private @Nullable ClientCallStreamObserver<DownloadTaskRequest> call;
    private @Nullable DownloadTaskStartedResponse started;

    Trigger(SwarmAction.TriggerSeed order, Download download) {
      this.order = order;
      this.download = download;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<DownloadTaskRequest> requestStream) {
      call = requestStream;
    }

    @Override
    public void onNext(DownloadTaskResponse response) {
      if (response.hasDownloadTaskStartedResponse()) {
        started = response.getDownloadTaskStartedResponse();
      }
    }

    @Override
    public void onError(Throwable failure) {
      if (running.remove(order.trigger()) == null) {
        return;
      }
      OriginFailure why =
          Failures.of(Status.fromThrowable(failure), Status.trailersFromThrowable(failure));
      log.warn(
          "event=seed_failed task={} seed={} why={}", order.task(), order.seed().id(), why.text());
      Ended listener = ended;
      if (listener != null) {
        listener.failed(order.task(), order.trigger(), why);
      }
    }

    @Override
    public void onCompleted() {
      Ended listener = ended;
      if (running.remove(order.trigger()) != null && listener != null) {
        listener.finished(order.task(), order.trigger(), learned());
      }
    }

    void cancel(String why) {
      ClientCallStreamObserver<DownloadTaskRequest> running = call;
      if (running != null) {
        running.cancel(why, null);
      }
    }

    /** What the seed said of the whole content; a range tells nothing sure of it. */
    private Optional<ContentInfo> learned() {
      DownloadTaskStartedResponse said = started;
      if (said == null || said.hasRange() || download.hasRange()) {
        return Optional.empty();
      }
      long length = said.getContentLength();
      try {
        return Optional.of(
            ContentInfo.of(length, DownloadMessages.pieceLength(download, length), "", Map.of())
                .guardedBy(DownloadMessages.guard(download)));
      } catch (IllegalArgumentException e) {
        log.warn("event=seed_said_nonsense seed={} why={}", order.seed().id(), e.getMessage());
        return Optional.empty();
      }
    }
  }
}
