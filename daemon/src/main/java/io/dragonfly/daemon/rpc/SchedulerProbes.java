package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.SchedulerSilence;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a scheduler that says nothing is still there: a process that stands still, or a
 * machine that hangs, keeps its connections for many minutes. {@link SchedulerSilence} decides; a
 * probe is a check of its health, and any answer will do. The connection to a scheduler that is
 * lost is closed, so that its calls end with UNAVAILABLE, as if it had been killed.
 */
public final class SchedulerProbes {
  private static final Logger logger = LoggerFactory.getLogger(SchedulerProbes.class);

  private final RpcChannels channels;
  private final ScheduledExecutorService timer;
  private final Options options;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final SchedulerSilence silence;

  @GuardedBy("lock")
  private boolean ticking;

  /**
   * Times.
   *
   * @param quiet how long a scheduler may say nothing before it is probed
   * @param patience how long it may take to answer a probe; twice in a row it must not
   * @param tick how often to look
   */
  public record Options(Duration quiet, Duration patience, Duration tick) {
    /** A scheduler is given up some 14 s after its last word. */
    public static final Options DEFAULTS =
        new Options(Duration.ofSeconds(5), Duration.ofSeconds(4), Duration.ofMillis(500));
  }

  public SchedulerProbes(RpcChannels channels, ScheduledExecutorService timer, Options options) {
    this.channels = channels;
    this.timer = timer;
    this.options = options;
    this.silence = new SchedulerSilence(options.quiet().toNanos());
  }

  /** The channel to a scheduler; while it has calls, the scheduler has to show that it lives. */
  Channel watched(InetSocketAddress scheduler) {
    return ClientInterceptors.intercept(
        SchedulerCalls.channel(channels, scheduler), new Watched(scheduler));
  }

  private void begun(InetSocketAddress scheduler) {
    lock.lock();
    try {
      silence.begun(scheduler, System.nanoTime());
      if (!ticking) {
        ticking = true;
        tickLater();
      }
    } finally {
      lock.unlock();
    }
  }

  private void heard(InetSocketAddress scheduler) {
    lock.lock();
    try {
      silence.heard(scheduler, System.nanoTime());
    } finally {
      lock.unlock();
    }
  }

  private void ended(InetSocketAddress scheduler) {
    lock.lock();
    try {
      silence.ended(scheduler);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void tickLater() {
    try {
      var _ = timer.schedule(this::tick, options.tick().toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // The daemon stops, and with it every call.
      ticking = false;
    }
  }

  private void tick() {
    List<InetSocketAddress> due;
    lock.lock();
    try {
      due = silence.due(System.nanoTime());
      ticking = silence.anyCalls();
      if (ticking) {
        tickLater();
      }
    } finally {
      lock.unlock();
    }
    due.forEach(this::probe);
  }

  private void probe(InetSocketAddress scheduler) {
    HealthGrpc.newStub(SchedulerCalls.channel(channels, scheduler))
        .withDeadlineAfter(options.patience().toMillis(), TimeUnit.MILLISECONDS)
        .check(HealthCheckRequest.getDefaultInstance(), new Probe(scheduler));
  }

  private void outcome(InetSocketAddress scheduler, Status status) {
    boolean lost = false;
    lock.lock();
    try {
      if (isAnswer(status)) {
        silence.answered(scheduler, System.nanoTime());
      } else {
        lost = silence.unanswered(scheduler, System.nanoTime());
      }
    } finally {
      lock.unlock();
    }
    if (lost) {
      logger.warn(
          "event=scheduler_lost scheduler={} reason=\"it says nothing and does not answer health"
              + " checks: {}\"",
          scheduler,
          SchedulerCalls.describe(status));
      channels.disconnect(HostPort.of(scheduler));
    }
  }

  /** Also a refusal is: of a scheduler without a health service, or with too much to do. */
  private static boolean isAnswer(Status status) {
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED, UNAVAILABLE, CANCELLED -> false;
      default -> true;
    };
  }

  private final class Probe implements StreamObserver<HealthCheckResponse> {
    private final InetSocketAddress scheduler;

    Probe(InetSocketAddress scheduler) {
      this.scheduler = scheduler;
    }

    @Override
    public void onNext(HealthCheckResponse response) {
      // Whatever it says, the scheduler lives.
    }

    @Override
    public void onError(Throwable failure) {
      outcome(scheduler, Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      outcome(scheduler, Status.OK);
    }
  }

  private final class Watched implements ClientInterceptor {
    private final InetSocketAddress scheduler;

    Watched(InetSocketAddress scheduler) {
      this.scheduler = scheduler;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions callOptions, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, callOptions)) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          begun(scheduler);
          try {
            super.start(new Listening<>(listener), headers);
          } catch (RuntimeException | Error e) {
            ended(scheduler); // the listener will not hear of it
            throw e;
          }
        }
      };
    }

    private final class Listening<A> extends SimpleForwardingClientCallListener<A> {
      Listening(ClientCall.Listener<A> listener) {
        super(listener);
      }

      @Override
      public void onHeaders(Metadata headers) {
        heard(scheduler);
        super.onHeaders(headers);
      }

      @Override
      public void onMessage(A message) {
        heard(scheduler);
        super.onMessage(message);
      }

      @Override
      public void onClose(Status status, Metadata trailers) {
        ended(scheduler);
        super.onClose(status, trailers);
      }
    }
  }
}
