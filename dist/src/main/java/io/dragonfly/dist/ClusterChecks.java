package io.dragonfly.dist;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.ClusterView;
import io.dragonfly.daemon.rpc.SchedulerLook.ClockLook;
import io.dragonfly.daemon.rpc.SchedulerLook.KnownHost;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Whether the schedulers answer, and whom they know. One after the other, each but once. */
final class ClusterChecks {
  private static final Duration PATIENCE = Duration.ofSeconds(4);

  /** Of a large cluster a few are enough to know how it is. */
  private static final int MOST = 3;

  private final Patient patient;
  private final List<InetSocketAddress> answering = new ArrayList<>();
  private final List<KnownHost> hosts = new ArrayList<>();
  private final Map<HostPort, ClockLook> clocks = new LinkedHashMap<>();

  ClusterChecks(Patient patient) {
    this.patient = patient;
  }

  List<Finding> schedulers(ClusterView view) throws InterruptedException {
    String check = "scheduler";
    List<InetSocketAddress> schedulers;
    try {
      schedulers = view.schedulers();
    } catch (IOException e) {
      return List.of(
          Finding.fail(
              check,
              "none is known (" + e.getMessage() + ")",
              patient.config().manager().addr().isPresent()
                  ? "see to it that the manager answers at manager.addr"
                  : "name one in " + patient.dynconfig()));
    }
    List<Finding> findings = new ArrayList<>();
    for (InetSocketAddress scheduler : schedulers.subList(0, Math.min(MOST, schedulers.size()))) {
      HostPort place = HostPort.of(scheduler);
      try {
        List<KnownHost> known = view.hosts(scheduler, PATIENCE);
        answering.add(scheduler);
        hosts.addAll(known);
        view.clock(scheduler, PATIENCE).ifPresent(look -> clocks.put(place, look));
        findings.add(Finding.pass(check, place + " answers and knows " + count(known, "host")));
      } catch (IOException e) {
        findings.add(
            Finding.fail(
                check,
                place + " does not answer (" + e.getMessage() + ")",
                "start it, open its port, or take it out of " + patient.dynconfig()));
      }
    }
    return findings;
  }

  private static String count(List<KnownHost> hosts, String what) {
    return hosts.size() + " " + what + (hosts.size() == 1 ? "" : "s");
  }

  /** Schedulers that answered. */
  List<InetSocketAddress> answering() {
    return List.copyOf(answering);
  }

  /** What the clocks of those that told it said. */
  Map<HostPort, ClockLook> clocks() {
    return clocks;
  }

  Finding host(ClusterView view) {
    String id = view.hostId();
    if (hosts.stream().anyMatch(host -> host.id().equals(id))) {
      return Finding.pass("host", "the scheduler knows this host as " + id);
    }
    String name = System.getenv().getOrDefault("HOSTNAME", "");
    return hosts.stream().anyMatch(host -> !name.isEmpty() && host.hostname().equals(name))
        ? Finding.pass("host", "the scheduler knows a host of the name " + name)
        : Finding.warn(
            "host",
            "the scheduler does not know this host (" + id + "), so nobody gets pieces of it",
            "start its daemon, and look for 'announce' in its log");
  }

  Finding seed() {
    List<KnownHost> seeds = hosts.stream().filter(KnownHost::seed).toList();
    if (seeds.isEmpty()) {
      return Finding.warn(
          "seed",
          "the scheduler knows no seed peer, so ordinary hosts read origins",
          "on one or two machines set seedPeer: {enable: true}");
    }
    String names =
        seeds.stream().map(KnownHost::hostname).limit(MOST).collect(Collectors.joining(", "));
    return Finding.pass("seed", "the scheduler knows " + count(seeds, "seed peer") + ": " + names);
  }
}
