package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.daemon.link.LinkListener;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmLink;
import io.dragonfly.daemon.link.SwarmOrder;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A link whose words a {@link SwarmDialogue} chooses, over one bidirectional call. What is sent
 * waits in a bounded queue while the scheduler does not read; a link whose queue is full is lost.
 * The listener is told one thing at a time, in order, and {@code lost} at most once and last.
 */
final class DialogueLink<Q, A> implements SwarmLink {
  private static final Logger logger = LoggerFactory.getLogger(DialogueLink.class);

  static final int LONGEST_QUEUE = 16_384;

  /** How long a scheduler may take to end the call after the last word. */
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  private final ClientCall<Q, A> call;
  private final SwarmDialogue<Q, A> dialogue;
  private final LinkListener listener;
  private final Consumer<Status> onFailure;
  private final ScheduledExecutorService timer;
  private final Duration patience;
  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicInteger draining = new AtomicInteger();
  private final SynchronizationContext telling =
      new SynchronizationContext(
          (thread, failure) -> logger.error("event=link_listener_failed", failure));

  @GuardedBy("lock")
  private final ArrayDeque<Q> queue = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean halfClosing;

  @GuardedBy("lock")
  private boolean halfClosed;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private @Nullable Future<?> alarm;

  private volatile boolean silent;

  /**
   * Opens the call.
   *
   * @param onFailure told of a status other than OK before the listener is, on the transport's
   *     thread
   * @param patience how long the scheduler may owe an answer
   */
  DialogueLink(
      Channel channel,
      MethodDescriptor<Q, A> method,
      SwarmDialogue<Q, A> dialogue,
      LinkListener listener,
      Consumer<Status> onFailure,
      ScheduledExecutorService timer,
      Duration patience) {
    this.call = channel.newCall(method, CallOptions.DEFAULT);
    this.dialogue = dialogue;
    this.listener = listener;
    this.onFailure = onFailure;
    this.timer = timer;
    this.patience = patience;
  }

  void start() {
    call.start(new Answers(), new Metadata());
    call.request(1);
  }

  @Override
  public void send(PeerReport report) {
    boolean full;
    lock.lock();
    try {
      if (ended || halfClosing) {
        return;
      }
      take(dialogue.report(report));
      full = queue.size() > LONGEST_QUEUE;
    } finally {
      lock.unlock();
    }
    if (full) {
      call.cancel(
          "the scheduler does not read: more than " + LONGEST_QUEUE + " messages wait", null);
      return;
    }
    telling.drain();
    drain();
  }

  /** Queues what follows; the caller drains after it has released the lock. */
  @GuardedBy("lock")
  private void take(SwarmDialogue.Outcome<Q> outcome) {
    queue.addAll(outcome.messages());
    for (SwarmOrder order : outcome.orders()) {
      telling.executeLater(() -> {
        if (!silent) {
          listener.order(order);
        }
      });
    }
    if (dialogue.isOver()) {
      halfClosing = true;
      setAlarm(FAREWELL, "the scheduler did not end the call");
    } else if (dialogue.isWaiting()) {
      if (alarm == null) {
        setAlarm(patience, "the scheduler owes an answer since " + patience);
      }
    } else {
      clearAlarm();
    }
  }

  @GuardedBy("lock")
  private void setAlarm(Duration delay, String why) {
    clearAlarm();
    if (!ended) {
      alarm = timer.schedule(() -> call.cancel(why, null), delay.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  @GuardedBy("lock")
  private void clearAlarm() {
    if (alarm != null) {
      alarm.cancel(false);
      alarm = null;
    }
  }

  /** Sends while the transport takes; whoever comes meanwhile leaves it to the one who does. */
  private void drain() {
    if (draining.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      sendReady();
      seen = draining.addAndGet(-seen);
    } while (seen != 0);
  }

  private void sendReady() {
    while (true) {
      Q message;
      boolean close = false;
      lock.lock();
      try {
        if (ended || halfClosed) {
          return;
        }
        message = call.isReady() ? queue.poll() : null;
        if (message == null) {
          if (!halfClosing || !queue.isEmpty()) {
            return;
          }
          halfClosed = true;
          close = true;
        }
      } finally {
        lock.unlock();
      }
      if (close) {
        call.halfClose();
        return;
      }
      call.sendMessage(message);
    }
  }

  @Override
  public void close() {
    silent = true;
    lock.lock();
    try {
      if (ended || halfClosing) {
        return;
      }
      halfClosing = !dialogue.isHoldingLast();
      setAlarm(FAREWELL, "closed");
    } finally {
      lock.unlock();
    }
    drain();
  }

  private final class Answers extends ClientCall.Listener<A> {
    @Override
    public void onReady() {
      drain();
    }

    @Override
    public void onMessage(A answer) {
      call.request(1);
      lock.lock();
      try {
        if (ended) {
          return;
        }
        take(dialogue.answer(answer));
      } catch (IllegalArgumentException e) {
        call.cancel("the scheduler's answer makes no sense: " + e.getMessage(), e);
        return;
      } finally {
        lock.unlock();
      }
      telling.drain();
      drain();
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      boolean expected;
      lock.lock();
      try {
        ended = true;
        expected = dialogue.isOver();
        queue.clear();
        clearAlarm();
      } finally {
        lock.unlock();
      }
      if (!status.isOk() && !(silent && status.getCode() == Status.Code.CANCELLED)) {
        onFailure.accept(status);
      }
      if (expected && status.isOk()) {
        return;
      }
      telling.execute(() -> tellLost(status));
    }
  }

  private void tellLost(Status status) {
    if (silent) {
      return;
    }
    if (isVerdict(status)) {
      String code = status.getCode().name();
      String text = status.getDescription();
      listener.order(new SwarmOrder.Ended(code, text == null ? code : text));
    }
    silent = true;
    listener.lost(SchedulerCalls.describe(status), isHostUnknown(status));
  }

  /** Whether the scheduler chose to end the call, rather than the connection or ourselves. */
  private static boolean isVerdict(Status status) {
    return switch (status.getCode()) {
      case OK, UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED -> false;
      default -> !isHostUnknown(status);
    };
  }

  /** A Go scheduler says "host ID not found", as ours does. */
  static boolean isHostUnknown(Status status) {
    String text = status.getDescription();
    return status.getCode() == Status.Code.NOT_FOUND && text != null && text.startsWith("host ");
  }
}
