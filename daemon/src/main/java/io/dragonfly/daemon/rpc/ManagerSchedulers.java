package io.dragonfly.daemon.rpc;

import io.dragonfly.api.manager.v2.ListSchedulersRequest;
import io.dragonfly.api.manager.v2.ListSchedulersResponse;
import io.dragonfly.api.manager.v2.ManagerGrpc;
import io.dragonfly.api.manager.v2.Scheduler;
import io.dragonfly.api.manager.v2.SourceType;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.SchedulerSource;
import io.grpc.StatusException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schedulers that the manager names, in its order of preference: the healthy ones of the first
 * cluster that has a healthy one, as every peer of the cluster finds them.
 */
public final class ManagerSchedulers implements SchedulerSource {
  private static final Logger logger = LoggerFactory.getLogger(ManagerSchedulers.class);

  private static final int MANAGER_SECONDS = 10;
  private static final int HEALTH_SECONDS = 3;
  private static final int MOST_SCHEDULERS = 1024;

  private final RpcChannels managerChannels;
  private final RpcChannels schedulerChannels;
  private final HostPort manager;
  private final Client client;

  /** Who asks, as the manager wants to know it. */
  public record Client(
      boolean seed,
      String hostname,
      String ip,
      Optional<String> idc,
      Optional<String> location,
      String version,
      long schedulerClusterId) {}

  public ManagerSchedulers(
      RpcChannels managerChannels, RpcChannels schedulerChannels, HostPort manager, Client client) {
    this.managerChannels = managerChannels;
    this.schedulerChannels = schedulerChannels;
    this.manager = manager;
    this.client = client;
  }

  @Override
  public List<InetSocketAddress> read() throws IOException, InterruptedException {
    List<Scheduler> listed = list();
    List<InetSocketAddress> healthy = new ArrayList<>();
    OptionalLong cluster = OptionalLong.empty();
    for (Scheduler scheduler : listed) {
      if (cluster.isPresent() && scheduler.getSchedulerClusterId() != cluster.getAsLong()) {
        continue;
      }
      Optional<InetSocketAddress> address = address(scheduler);
      if (address.isPresent() && !healthy.contains(address.get()) && isHealthy(address.get())) {
        healthy.add(address.get());
        cluster = OptionalLong.of(scheduler.getSchedulerClusterId());
      }
    }
    if (healthy.isEmpty()) {
      throw new IOException(
          "the manager "
              + manager
              + " names "
              + listed.size()
              + " schedulers and none of them is healthy: look at the schedulers of this cluster");
    }
    return healthy;
  }

  private List<Scheduler> list() throws IOException, InterruptedException {
    ListSchedulersRequest.Builder request =
        ListSchedulersRequest.newBuilder()
            .setSourceType(client.seed() ? SourceType.SEED_PEER_SOURCE : SourceType.PEER_SOURCE)
            .setHostname(client.hostname())
            .setIp(client.ip())
            .setVersion(client.version())
            .setSchedulerClusterId(client.schedulerClusterId());
    client.idc().ifPresent(request::setIdc);
    client.location().ifPresent(request::setLocation);
    ListSchedulersResponse answer;
    try {
      answer =
          ManagerGrpc.newBlockingV2Stub(managerChannels.channel(manager))
              .withDeadlineAfter(MANAGER_SECONDS, TimeUnit.SECONDS)
              .listSchedulers(request.build());
    } catch (StatusException e) {
      throw new IOException(
          "the manager " + manager + " answered " + SchedulerCalls.describe(e.getStatus()), e);
    }
    List<Scheduler> schedulers = answer.getSchedulersList();
    return schedulers.subList(0, Math.min(schedulers.size(), MOST_SCHEDULERS));
  }

  /** One wrong entry must not cost us the others. */
  private static Optional<InetSocketAddress> address(Scheduler scheduler) {
    try {
      if (scheduler.getPort() < 1 || scheduler.getPort() > 65_535) {
        throw new UnknownHostException("port " + scheduler.getPort());
      }
      return Optional.of(
          new InetSocketAddress(InetAddress.ofLiteral(scheduler.getIp()), scheduler.getPort()));
    } catch (UnknownHostException | IllegalArgumentException e) {
      logger.warn(
          "event=scheduler_ignored hostname={} reason=\"{}\"",
          scheduler.getHostname(),
          e.getMessage());
      return Optional.empty();
    }
  }

  private boolean isHealthy(InetSocketAddress address) throws InterruptedException {
    try {
      return HealthGrpc.newBlockingV2Stub(SchedulerCalls.channel(schedulerChannels, address))
              .withDeadlineAfter(HEALTH_SECONDS, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus()
          == ServingStatus.SERVING;
    } catch (StatusException e) {
      return false;
    }
  }

  @Override
  public String toString() {
    return "manager " + manager;
  }
}
