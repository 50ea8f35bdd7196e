package io.dragonfly.scheduler.rpc;

import io.dragonfly.scheduler.swarm.PeerOrder;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.Function;

/**
 * The way out of one peer's stream: orders become messages, in order, from any thread. A client
 * that does not read them is cut off when {@value #MAX_QUEUED} wait. Guarded by its own monitor.
 */
final class PeerStream<T> implements PeerStreams.Listener {
  static final int MAX_QUEUED = 1024;

  private final ServerCallStreamObserver<T> observer;
  private final Function<PeerOrder, List<T>> messages;
  private final Watch watch;
  private final Queue<T> queue = new ArrayDeque<>();
  private boolean ended;
  private boolean told;

  /** Hears how the peer fares, on the thread that tells it and with this stream locked. */
  interface Watch {
    /** It was told something. */
    void answered();

    /** It is sent away with a failure, and was never told anything. */
    void refused();
  }

  PeerStream(
      ServerCallStreamObserver<T> observer, Function<PeerOrder, List<T>> messages, Watch watch) {
    this.observer = observer;
    this.messages = messages;
    this.watch = watch;
    observer.setOnReadyHandler(this::flush);
  }

  @Override
  public void tell(PeerOrder order) {
    List<T> converted = messages.apply(order);
    synchronized (this) {
      if (ended) {
        return;
      }
      told = true;
      watch.answered();
      queue.addAll(converted);
      send(/* all= */ false);
      if (queue.size() > MAX_QUEUED) {
        ended = true;
        queue.clear();
        observer.onError(
            Status.RESOURCE_EXHAUSTED
                .withDescription("the peer does not read what the scheduler tells it")
                .asRuntimeException());
      }
    }
  }

  @Override
  public synchronized void end(Status status) {
    if (ended) {
      return;
    }
    ended = true;
    send(/* all= */ true);
    if (status.isOk()) {
      observer.onCompleted();
    } else {
      if (!told) {
        watch.refused();
      }
      observer.onError(status.asRuntimeException());
    }
  }

  @Override
  public synchronized void gone() {
    ended = true;
    queue.clear();
  }

  private synchronized void flush() {
    if (!ended) {
      send(/* all= */ false);
    }
  }

  private void send(boolean all) {
    while (!queue.isEmpty() && !observer.isCancelled() && (all || observer.isReady())) {
      observer.onNext(queue.remove());
    }
  }
}
