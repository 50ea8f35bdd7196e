package io.dragonfly.daemon.rpc;

import com.google.protobuf.ByteString;
import io.dragonfly.api.manager.v2.ListSchedulersRequest;
import io.dragonfly.api.manager.v2.ListSchedulersResponse;
import io.dragonfly.api.manager.v2.ManagerGrpc;
import io.dragonfly.api.manager.v2.Scheduler;
import io.dragonfly.api.manager.v2.SchedulerCluster;
import io.dragonfly.api.manager.v2.SourceType;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.ClusterRates;
import io.dragonfly.daemon.link.SchedulerSource;
import io.grpc.StatusException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schedulers that the manager names, in its order of preference: the healthy ones of the first
 * cluster that has a healthy one, as every peer of the cluster finds them. For one thread.
 */
public final class ManagerSchedulers implements SchedulerSource {
  private static final Logger logger = LoggerFactory.getLogger(ManagerSchedulers.class);

  private static final int MANAGER_SECONDS = 10;
  private static final int HEALTH_SECONDS = 3;
  private static final int MOST_SCHEDULERS = 1024;
  private static final int MOST_TOLD = 5;

  private final RpcChannels managerChannels;
  private final RpcChannels schedulerChannels;
  private final HostPort manager;
  private final Client client;
  private final Consumer<ClusterRates> rates;
  private List<String> told = List.of();
  private String wrongRates = "";

  /** Who asks, as the manager wants to know it. */
  public record Client(
      boolean seed,
      String hostname,
      String ip,
      Optional<String> idc,
      Optional<String> location,
      String version,
      long schedulerClusterId) {}

  /**
   * @param rates is told what the chosen cluster says to its hosts, at each reading
   */
  public ManagerSchedulers(
      RpcChannels managerChannels,
      RpcChannels schedulerChannels,
      HostPort manager,
      Client client,
      Consumer<ClusterRates> rates) {
    this.managerChannels = managerChannels;
    this.schedulerChannels = schedulerChannels;
    this.manager = manager;
    this.client = client;
    this.rates = rates;
  }

  /**
   * The address of a manager as {@code manager.addr} has it: with or without a scheme, {@code
   * http://manager:65003}.
   *
   * @throws IllegalArgumentException that says what is allowed
   */
  public static HostPort address(String text) {
    int scheme = text.indexOf("://");
    String rest = scheme < 0 ? text : text.substring(scheme + 3);
    return HostPort.parse(rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest);
  }

  @Override
  public List<InetSocketAddress> read() throws IOException, InterruptedException {
    List<Scheduler> listed = list();
    List<InetSocketAddress> healthy = new ArrayList<>();
    List<String> passedOver = new ArrayList<>();
    OptionalLong cluster = OptionalLong.empty();
    SchedulerCluster chosen = SchedulerCluster.getDefaultInstance();
    for (Scheduler scheduler : listed) {
      if (cluster.isPresent() && scheduler.getSchedulerClusterId() != cluster.getAsLong()) {
        continue;
      }
      Look look = look(scheduler, healthy);
      if (look.usable().isPresent()) {
        healthy.add(look.usable().get());
        if (cluster.isEmpty()) {
          chosen = scheduler.getSchedulerCluster();
        }
        cluster = OptionalLong.of(scheduler.getSchedulerClusterId());
      } else if (!look.problem().isEmpty()) {
        passedOver.add(look.problem());
      }
    }
    tell(passedOver);
    if (healthy.isEmpty()) {
      throw new IOException(
          "the manager "
              + manager
              + (listed.isEmpty()
                  ? " names no scheduler: start one that announces itself to it"
                  : " names "
                      + listed.size()
                      + " schedulers and none of them can be used: "
                      + shortened(passedOver)));
    }
    tellRates(client.seed() ? chosen.getSeedClientConfig() : chosen.getClientConfig());
    return healthy;
  }

  /** A configuration that can't be read changes nothing, and is told once. */
  private void tellRates(ByteString json) {
    String problem = "";
    try {
      rates.accept(ClusterRates.parse(json.toStringUtf8(), "the cluster's client_config"));
    } catch (ConfigException e) {
      problem = String.valueOf(e.getMessage());
    }
    if (!problem.equals(wrongRates) && !problem.isEmpty()) {
      logger.warn("event=client_config_refused manager={} reason=\"{}\"", manager, problem);
    }
    wrongRates = problem;
  }

  /** What came of a look at a scheduler; one that was there before is neither. */
  private record Look(Optional<InetSocketAddress> usable, String problem) {}

  /** One wrong or dead entry must not cost us the others. */
  private Look look(Scheduler scheduler, List<InetSocketAddress> known)
      throws InterruptedException {
    String name = scheduler.getIp() + ":" + scheduler.getPort();
    InetSocketAddress address;
    try {
      if (scheduler.getPort() < 1 || scheduler.getPort() > 65_535) {
        return new Look(Optional.empty(), name + " has no valid port");
      }
      address =
          new InetSocketAddress(InetAddress.ofLiteral(scheduler.getIp()), scheduler.getPort());
    } catch (IllegalArgumentException e) {
      return new Look(Optional.empty(), name + " has no valid IP address");
    }
    if (known.contains(address)) {
      return new Look(Optional.empty(), "");
    }
    String health = health(address);
    return health.isEmpty()
        ? new Look(Optional.of(address), "")
        : new Look(Optional.empty(), name + " is not healthy (" + health + ")");
  }

  /** The list is read again and again; what is new is told once. */
  private void tell(List<String> problems) {
    if (!problems.equals(told)) {
      told = problems;
      if (!problems.isEmpty()) {
        logger.warn(
            "event=schedulers_passed_over manager={} reason=\"{}\"", manager, shortened(problems));
      }
    }
  }

  private static String shortened(List<String> problems) {
    String some = String.join(", ", problems.subList(0, Math.min(problems.size(), MOST_TOLD)));
    int more = problems.size() - MOST_TOLD;
    return more > 0 ? some + " and " + more + " more" : some;
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

  /** Why it is not; empty when it is. */
  private String health(InetSocketAddress address) throws InterruptedException {
    try {
      ServingStatus status =
          HealthGrpc.newBlockingV2Stub(SchedulerCalls.channel(schedulerChannels, address))
              .withDeadlineAfter(HEALTH_SECONDS, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus();
      return status == ServingStatus.SERVING ? "" : status.name();
    } catch (StatusException e) {
      // Without the description, which differs from one time to the next.
      return e.getStatus().getCode().name();
    }
  }

  @Override
  public String toString() {
    return "manager " + manager;
  }
}
