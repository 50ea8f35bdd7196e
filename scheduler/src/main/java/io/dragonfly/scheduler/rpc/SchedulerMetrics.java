package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.Priority;
import io.dragonfly.api.common.v2.TaskType;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.common.telemetry.Label;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.Series;
import io.dragonfly.scheduler.swarm.DownloadSpec;
import io.dragonfly.scheduler.swarm.Swarm;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;

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

  /** A call and its failures. */
  record Calls(Series<CounterDataPoint> total, Series<CounterDataPoint> failures) {
    void ok() {
      total.with().inc();
    }

    void failed() {
      failures.with().inc();
    }
  }

  final Calls announceHost;
  final Calls announcePeer;
  final Calls statPeer;
  final Calls leavePeer;
  final Calls statTask;
  final Calls leaveTask;
  final Calls listHosts;
  final Calls leaveHost;
  private final Series<CounterDataPoint> registered;
  private final Series<CounterDataPoint> started;
  private final Series<CounterDataPoint> startedAtOrigin;
  private final Series<CounterDataPoint> finished;
  private final Series<CounterDataPoint> failed;
  private final Series<CounterDataPoint> pieces;
  private final Series<CounterDataPoint> pieceFailures;
  private final Series<CounterDataPoint> traffic;
  private final Series<DistributionDataPoint> duration;

  SchedulerMetrics(Metrics metrics, Swarm swarm, PeerStreams streams) {
    announceHost = calls(metrics, "announce_host");
    announcePeer = calls(metrics, "announce_peer");
    statPeer = calls(metrics, "stat_peer");
    leavePeer = calls(metrics, "leave_peer");
    statTask = calls(metrics, "stat_task");
    leaveTask = calls(metrics, "leave_task");
    listHosts = calls(metrics, "list_hosts");
    leaveHost = calls(metrics, "leave_host");
    registered = metrics.counter("register_peer_total", "Registrations of peers.", DOWNLOAD);
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
    pieces = metrics.counter("download_piece_finished_total", "Pieces that arrived.", PIECE);
    pieceFailures =
        metrics.counter(
            "download_piece_finished_failure_total", "Pieces that did not arrive.", PIECE);
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
    metrics.gauge("concurrent_schedule_total", "Open streams of peers.", streams::size);
    metrics.gauge("hosts", "Hosts that are known.", () -> swarm.counts().hosts());
    metrics.gauge("tasks", "Tasks that are known.", () -> swarm.counts().tasks());
  }

  private static Calls calls(Metrics metrics, String name) {
    return new Calls(
        metrics.counter(name + "_total", "Calls of " + name + "."),
        metrics.counter(name + "_failure_total", "Calls of " + name + " that failed."));
  }

  void registered(DownloadSpec download, boolean seed) {
    count(registered, download, seed);
  }

  void started(DownloadSpec download, boolean seed, boolean atOrigin) {
    count(atOrigin ? startedAtOrigin : started, download, seed);
  }

  void ended(DownloadSpec download, boolean seed, boolean ok, long millis, long bytes) {
    count(finished, download, seed);
    if (ok) {
      duration.with(sizeLevel(bytes)).observe((double) millis);
    } else {
      count(failed, download, seed);
    }
  }

  void piece(TrafficType traffic, DownloadSpec download, boolean seed, long bytes) {
    pieces.with(name(traffic), type(download), hostType(seed)).inc();
    this.traffic
        .with(name(traffic), type(download), hostType(seed))
        .inc((double) Math.clamp(bytes, 0, 1L << 40));
  }

  void pieceFailed(TrafficType traffic, DownloadSpec download, boolean seed) {
    pieceFailures.with(name(traffic), type(download), hostType(seed)).inc();
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
