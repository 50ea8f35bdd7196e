package io.dragonfly.scheduler.rpc;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.scheduler.swarm.HostAnnouncement;
import io.dragonfly.scheduler.swarm.HostView;
import io.dragonfly.scheduler.swarm.Swarm;
import io.grpc.Context;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether seeds answer {@code grpc.health.v1} with SERVING, when they announce themselves and
 * from time to time. A seed is usable from its announcement on, until a look says otherwise.
 */
final class SeedHealth {
  private static final Logger log = LoggerFactory.getLogger(SeedHealth.class);
  private static final int TIMEOUT_SECONDS = 2;
  private static final int MAX_RUNNING = 256;

  private final RpcChannels channels;
  private final Swarm swarm;
  private final Set<HostId> running = ConcurrentHashMap.newKeySet();

  SeedHealth(RpcChannels channels, Swarm swarm) {
    this.channels = channels;
    this.swarm = swarm;
  }

  /** All seeds. */
  void checkAll() {
    for (HostView host : swarm.hosts()) {
      check(host.announcement());
    }
  }

  /** One host, if it is a seed and no look is under way. */
  void check(HostAnnouncement host) {
    if (!host.isSeed() || running.size() >= MAX_RUNNING || !running.add(host.id())) {
      return;
    }
    // Not in the context of the announcement: the look outlives it.
    Context.ROOT.run(() -> look(host));
  }

  private void look(HostAnnouncement host) {
    HealthGrpc.newStub(channels.channel(new HostPort(host.ip(), host.port())))
        .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .check(HealthCheckRequest.getDefaultInstance(), new Look(host.id()));
  }

  private final class Look implements StreamObserver<HealthCheckResponse> {
    private final HostId seed;
    private boolean serving;

    Look(HostId seed) {
      this.seed = seed;
    }

    @Override
    public void onNext(HealthCheckResponse response) {
      serving = response.getStatus() == HealthCheckResponse.ServingStatus.SERVING;
    }

    @Override
    public void onError(Throwable failure) {
      running.remove(seed);
      log.warn("event=seed_unhealthy seed={} why={}", seed, failure.getMessage());
      swarm.seedHealth(seed, false);
    }

    @Override
    public void onCompleted() {
      running.remove(seed);
      if (!serving) {
        log.warn("event=seed_unhealthy seed={} why=not serving", seed);
      }
      swarm.seedHealth(seed, serving);
    }
  }
}
