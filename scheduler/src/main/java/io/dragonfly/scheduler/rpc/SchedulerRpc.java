package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.rpc.EagerHeaders;
import io.dragonfly.common.rpc.IgnoredDeadlines;
import io.dragonfly.common.rpc.RateLimit;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.swarm.Swarm;
import io.dragonfly.scheduler.swarm.SwarmSettings;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The front door of this package: a swarm with its services, its calls to seeds and one thread for
 * deadlines, garbage and health.
 */
public final class SchedulerRpc implements AutoCloseable {
  /** The response header by which a daemon learns that the Swarm service is there. */
  public static final String EXTENSION_HEADER = "dragonfly-extension";

  /** The one version of it. */
  public static final String EXTENSION_VERSION = "v1";

  /** Tells whoever asks for the health what time it is here: milliseconds since 1970. */
  public static final String TIME_HEADER = "dragonfly-time";

  private static final Logger log = LoggerFactory.getLogger(SchedulerRpc.class);
  private static final long TICK_MILLIS = 100;
  private static final long HEALTH_SECONDS = 15;
  private static final int MAX_INBOUND_BYTES = 16 << 20;

  private final Swarm swarm;
  private final PeerStreams streams = new PeerStreams();
  private final SeedTriggers triggers;
  private final SeedHealth health;
  private final SwarmShell shell;
  private final long clusterId;
  private final Duration collectInterval;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("scheduler-timer").unstarted(task));

  /**
   * Wires; nothing runs before {@link #start}.
   *
   * @param channels to seeds; stays the caller's
   * @param trafficByHost whether the metrics have a series for each host
   * @param seed of all chance in the choice of parents
   * @param restarted there was a scheduler here before this one
   * @param collectInterval between two looks for what may be forgotten
   */
  public SchedulerRpc(
      SwarmSettings settings,
      RpcChannels channels,
      Metrics metrics,
      boolean trafficByHost,
      long clusterId,
      long seed,
      boolean restarted,
      Duration collectInterval) {
    this.clusterId = clusterId;
    this.collectInterval = collectInterval;
    this.triggers = new SeedTriggers(channels);
    this.swarm = new Swarm(settings, seed, restarted, action -> streams.carryOut(action, triggers));
    this.health = new SeedHealth(channels, swarm);
    this.shell =
        new SwarmShell(
            swarm, streams, new SchedulerMetrics(metrics, swarm, streams, trafficByHost), clock());
    triggers.listener(
        new SeedTriggers.Ended() {
          @Override
          public void finished(TaskId task, long trigger, Optional<ContentInfo> learned) {
            swarm.triggerFinished(task, trigger, learned, shell.now());
          }

          @Override
          public void failed(TaskId task, long trigger, OriginFailure failure) {
            swarm.triggerFailed(task, trigger, failure, shell.now());
          }
        });
  }

  public Swarm swarm() {
    return swarm;
  }

  /** Now, as the swarm counts it: milliseconds since 1970, never running backwards. */
  public long now() {
    return shell.now();
  }

  /** Adds the services and what they need to a server. */
  public RpcServer.Builder addTo(RpcServer.Builder server, int requestsPerSecond) {
    if (requestsPerSecond > 0) {
      server.interceptor(new RateLimit(requestsPerSecond));
    }
    return server
        .maxInboundMessageBytes(MAX_INBOUND_BYTES)
        .ignoring(
            IgnoredDeadlines.of(
                SchedulerGrpc.getAnnouncePeerMethod(),
                SwarmGrpc.getJoinMethod(),
                SwarmGrpc.getHoldMethod()))
        .interceptor(
            EagerHeaders.of(SchedulerGrpc.getAnnouncePeerMethod(), SwarmGrpc.getJoinMethod())
                .adding(EXTENSION_HEADER, EXTENSION_VERSION, SchedulerGrpc.getAnnounceHostMethod())
                .adding(
                    TIME_HEADER,
                    () -> Long.toString(System.currentTimeMillis()),
                    HealthGrpc.getCheckMethod()))
        .service(new SchedulerService(shell, health, clusterId))
        .service(new SwarmService(shell, timer));
  }

  /** Starts deadlines, garbage collection and health checks. */
  public void start() {
    every(TICK_MILLIS, "tick", () -> swarm.tick(shell.now()));
    every(collectInterval.toMillis(), "collect", () -> swarm.collect(shell.now()));
    every(TimeUnit.SECONDS.toMillis(HEALTH_SECONDS), "health", health::checkAll);
  }

  private void every(long millis, String what, Runnable body) {
    // The body catches what it throws, so the future never has news.
    Future<?> _ =
        timer.scheduleWithFixedDelay(guarded(what, body), millis, millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    timer.shutdownNow();
    triggers.close();
    try {
      if (!timer.awaitTermination(5, TimeUnit.SECONDS)) {
        log.warn("event=timer_did_not_end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A failure is logged and does not end the repetition. */
  private static Runnable guarded(String what, Runnable body) {
    return () -> {
      try {
        body.run();
      } catch (RuntimeException e) {
        log.error("event=timer_failed what={}", what, e);
      }
    };
  }

  /**
   * The wall clock at the start, moved on by the monotonic one: deadlines survive a clock that
   * jumps.
   */
  private static LongSupplier clock() {
    long start = System.currentTimeMillis();
    long startNanos = System.nanoTime();
    return () -> start + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }
}
