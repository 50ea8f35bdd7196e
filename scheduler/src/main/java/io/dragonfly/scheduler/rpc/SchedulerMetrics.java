package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.Build;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Priority;
import io.dragonfly.api.common.v2.TaskType;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.common.telemetry.Label;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.Series;
import io.dragonfly.scheduler.swarm.DownloadSpec;
import io.dragonfly.scheduler.swarm.HostAnnouncement;
import io.dragonfly.scheduler.swarm.Swarm;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.util.List;
import java.util.Optional;

/**
 * The scheduler's metrics, under upstream's names; what has no name there ends in our own words.
 */
final class SchedulerMetrics {
  private static final Label[] DOWNLOAD = {
    Label.of("priority"), Label.of("task_type"), Label.of("host_type")
  };
  private static final Label[] PIECE = {
    Label.of("traffic_type"), Label.of("task_type"), Label.of("host_type")
  };

  private static final Label[] ANNOUNCED = {
    Label.of("os"),
    Label.of("platform"),
    Label.of("platform_family"),
    Label.of("platform_version"),
    Label.of("kernel_version"),
    Label.of("git_version"),
    Label.of("git_commit"),
    Label.of("go_version"),
    Label.of("build_platform")
  };

  /** A label for each host would be one too many for the usual bound of a label. */
  private static final int MOST_HOSTS = 2000;

  private static final Label[] HOST = {
    Label.of("type"),
    Label.of("task_type"),
    Label.of("host_type"),
    new Label("host_id", MOST_HOSTS),
    new Label("host_ip", MOST_HOSTS),
    new Label("host_name", MOST_HOSTS)
  };

  /** A call and its failures, for some values of their labels. */
  record Calls(
      Series<CounterDataPoint> total, Series<CounterDataPoint> failures, List<String> labels) {
    void ok() {
      total.with(labels.toArray(String[]::new)).inc();
    }

    void failed() {
      failures.with(labels.toArray(String[]::new)).inc();
    }
  }

  final Calls announcePeer;
  final Calls statPeer;
  final Calls leavePeer;
  final Calls statTask;
  final Calls leaveTask;
  final Calls listHosts;
  final Calls leaveHost;
  private final Series<CounterDataPoint> hostsAnnounced;
  private final Series<CounterDataPoint> hostsRefused;
  private final Series<CounterDataPoint> registered;
  private final Series<CounterDataPoint> notRegistered;
  private final Series<CounterDataPoint> started;
  private final Series<CounterDataPoint> startedAtOrigin;
  private final Series<CounterDataPoint> finished;
  private final Series<CounterDataPoint> failed;
  private final Series<CounterDataPoint> failedAtOrigin;
  private final Series<CounterDataPoint> pieces;
  private final Series<CounterDataPoint> pieceFailures;
  private final Series<CounterDataPoint> pieceFailuresAtOrigin;
  private final Series<CounterDataPoint> traffic;
  private final Optional<Series<CounterDataPoint>> hostTraffic;
  private final Series<DistributionDataPoint> duration;
  private final Series<DistributionDataPoint> decision;

  /**
   * @param byHost whether traffic is counted for each host as well
   */
  SchedulerMetrics(Metrics metrics, Swarm swarm, PeerStreams streams, boolean byHost) {
    hostsAnnounced = metrics.counter("announce_host_total", "Calls of announce_host.", ANNOUNCED);
    hostsRefused =
        metrics.counter(
            "announce_host_failure_total", "Calls of announce_host that failed.", ANNOUNCED);
    announcePeer = calls(metrics, "announce_peer");
    statPeer = calls(metrics, "stat_peer");
    leavePeer = calls(metrics, "leave_peer");
    statTask = calls(metrics, "stat_task");
    leaveTask = calls(metrics, "leave_task");
    listHosts = calls(metrics, "list_hosts");
    leaveHost = calls(metrics, "leave_host");
    registered = metrics.counter("register_peer_total", "Registrations of peers.", DOWNLOAD);
    notRegistered =
        metrics.counter(
            "register_peer_failure_total",
            "Registrations that were ended without an answer.",
            DOWNLOAD);
    started =
        metrics.counter("download_peer_started_total", "Downloads from parents begun.", DOWNLOAD);
    startedAtOrigin =
        metrics.counter(
            "download_peer_back_to_source_started_total",
            "Downloads from origins begun.",
            DOWNLOAD);
    finished = metrics.counter("download_peer_finished_total", "Downloads ended.", DOWNLOAD);
    failed =
        metrics.counter("download_peer_finished_failure_total", "Downloads that failed.", DOWNLOAD);
    failedAtOrigin =
        metrics.counter(
            "download_peer_back_to_source_finished_failure_total",
            "Downloads that failed at their origin.",
            DOWNLOAD);
    pieces =
        metrics.counter("download_piece_finished_total", "Pieces that arrived or did not.", PIECE);
    pieceFailures =
        metrics.counter(
            "download_piece_finished_failure_total", "Pieces that did not arrive.", PIECE);
    pieceFailuresAtOrigin =
        metrics.counter(
            "download_piece_back_to_source_finished_failure_total",
            "Pieces that did not arrive from their origin.",
            PIECE);
    hostTraffic =
        byHost
            ? Optional.of(metrics.counter("host_traffic", "Bytes that a host took and gave.", HOST))
            : Optional.empty();
    traffic =
        metrics.counter(
            "traffic",
            "Bytes that arrived at peers.",
            Label.of("type"),
            Label.of("task_type"),
            Label.of("host_type"));
    duration =
        metrics.summary(
            "download_peer_duration_milliseconds",
            "How long downloads took.",
            Label.of("task_size_level"));
    decision =
        metrics.summary("schedule_duration_milliseconds", "How long peers waited for an answer.");
    metrics.gauge("concurrent_schedule_total", "Open streams of peers.", streams::size);
    metrics.gauge("hosts", "Hosts that are known.", () -> swarm.counts().hosts());
    metrics.gauge("tasks", "Tasks that are known.", () -> swarm.counts().tasks());
  }

  private static Calls calls(Metrics metrics, String name) {
    return new Calls(
        metrics.counter(name + "_total", "Calls of " + name + "."),
        metrics.counter(name + "_failure_total", "Calls of " + name + " that failed."),
        List.of());
  }

  /** Announcements of hosts like this one. */
  Calls announceHost(Host host) {
    Build build = host.getBuild();
    return new Calls(
        hostsAnnounced,
        hostsRefused,
        List.of(
            host.getOs(),
            host.getPlatform(),
            host.getPlatformFamily(),
            host.getPlatformVersion(),
            host.getKernelVersion(),
            build.getGitVersion(),
            build.getGitCommit(),
            build.getGoVersion(),
            build.getPlatform()));
  }

  void registered(DownloadSpec download, boolean seed) {
    count(registered, download, seed);
  }

  /** A registered peer was sent away before it had any answer. */
  void notRegistered(DownloadSpec download, boolean seed) {
    count(notRegistered, download, seed);
  }

  /** A peer was answered so long after it had asked. */
  void decided(long millis) {
    decision.with().observe((double) millis);
  }

  void started(DownloadSpec download, boolean seed, boolean atOrigin) {
    count(atOrigin ? startedAtOrigin : started, download, seed);
  }

  void succeeded(DownloadSpec download, boolean seed, long millis, long bytes) {
    count(finished, download, seed);
    duration.with(sizeLevel(bytes)).observe((double) millis);
  }

  void failed(DownloadSpec download, boolean seed, boolean atOrigin) {
    count(finished, download, seed);
    count(atOrigin ? failedAtOrigin : failed, download, seed);
  }

  void piece(TrafficType traffic, DownloadSpec download, boolean seed, long bytes) {
    pieces.with(name(traffic), type(download), hostType(seed)).inc();
    this.traffic.with(name(traffic), type(download), hostType(seed)).inc(bounded(bytes));
  }

  /** Whether {@link #hostTraffic} is wanted. */
  boolean countsByHost() {
    return hostTraffic.isPresent();
  }

  /** A host took these bytes, or gave them. */
  void hostTraffic(HostAnnouncement host, boolean took, DownloadSpec download, long bytes) {
    hostTraffic.ifPresent(series ->
        series
            .with(
                took ? "download" : "upload",
                type(download),
                hostType(host.isSeed()),
                host.id().value(),
                host.ip(),
                host.hostname())
            .inc(bounded(bytes)));
  }

  void pieceFailed(TrafficType traffic, DownloadSpec download, boolean seed) {
    String[] labels = {name(traffic), type(download), hostType(seed)};
    pieces.with(labels).inc();
    (traffic == TrafficType.BACK_TO_SOURCE ? pieceFailuresAtOrigin : pieceFailures)
        .with(labels)
        .inc();
  }

  /** What a peer says of itself is not to be trusted with more. */
  private static double bounded(long bytes) {
    return (double) Math.clamp(bytes, 0, 1L << 40);
  }

  private static void count(Series<CounterDataPoint> series, DownloadSpec download, boolean seed) {
    series.with(priority(download), type(download), hostType(seed)).inc();
  }

  /** Upstream's classes of sizes, 0 (empty) to 20 (1 TB and more). */
  static String sizeLevel(long bytes) {
    if (bytes <= 0) {
      return "0";
    }
    long[] megabytes = {
      1, 4, 8, 16, 32, 64, 128, 256, 512, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10,
      128 << 10, 256 << 10, 512 << 10, 1 << 20
    };
    for (int level = 0; level < megabytes.length; level++) {
      if (bytes < megabytes[level] << 20) {
        return Integer.toString(level + 1);
      }
    }
    return "20";
  }

  private static String priority(DownloadSpec download) {
    Priority priority = Priority.forNumber(download.priority());
    return priority == null ? "LEVEL0" : priority.name();
  }

  private static String type(DownloadSpec download) {
    TaskType type = TaskType.forNumber(download.type());
    return type == null ? "STANDARD" : type.name();
  }

  private static String name(TrafficType type) {
    return type == TrafficType.UNRECOGNIZED ? "REMOTE_PEER" : type.name();
  }

  private static String hostType(boolean seed) {
    return seed ? "super" : "normal";
  }
}
