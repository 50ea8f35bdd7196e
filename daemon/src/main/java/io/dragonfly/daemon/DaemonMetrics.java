package io.dragonfly.daemon;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.telemetry.Label;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.Series;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.download.DownloadTraffic;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.proxy.ProxyWatch;
import io.dragonfly.daemon.rpc.DaemonCounters;
import io.dragonfly.daemon.source.OriginWatch;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.transfer.PieceServer;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** What this daemon counts, under upstream's names and labels. */
final class DaemonMetrics implements DaemonCounters, DownloadTraffic {
  /** The wire's number of the only kind of task that is downloaded here. */
  private static final String STANDARD = "0";

  private static final List<String> REQUESTS =
      List.of(
          "stat_task",
          "stat_local_task",
          "list_local_tasks",
          "delete_task",
          "delete_local_task",
          "delete_host");
  private static final long MIB = 1 << 20;

  private final Metrics metrics = new Metrics("dragonfly_client_").withProcess();
  private final Map<String, Request> requests = new LinkedHashMap<>();
  private final OriginMetrics origins;
  private final ProxyMetrics proxy;
  private final Series<CounterDataPoint> downloads;
  private final Series<CounterDataPoint> failures;
  private final Series<CounterDataPoint> prefetches;
  private final Series<CounterDataPoint> prefetchFailures;
  private final Series<GaugeDataPoint> running;
  private final Series<DistributionDataPoint> durations;
  private final Series<CounterDataPoint> traffic;
  private final Map<TaskId, Integer> active = new ConcurrentHashMap<>();
  private final LongAdder cache = new LongAdder();
  private final LongAdder peers = new LongAdder();
  private final LongAdder seeds = new LongAdder();
  private final LongAdder origin = new LongAdder();

  DaemonMetrics(String version) {
    metrics
        .gauge(
            "version",
            "The version of this program.",
            Label.of("git_version"),
            Label.of("git_commit"),
            Label.of("platform"),
            Label.of("build_time"))
        .with(version, BuildInfo.load().commit(), "java", "")
        .set(1);
    Label[] task = {
      Label.of("type"), Label.of("tag"), Label.of("app"), Label.of("priority"),
    };
    downloads = metrics.counter("download_task_total", "Downloads that callers asked for.", task);
    failures = metrics.counter("download_task_failure_total", "Downloads that failed.", task);
    prefetches =
        metrics.counter(
            "prefetch_task_total", "Downloads of a whole of which a part was asked for.", task);
    prefetchFailures =
        metrics.counter("prefetch_task_failure_total", "Those of them that failed.", task);
    running = metrics.gauge("concurrent_download_task_total", "Downloads that run now.", task);
    durations =
        metrics.histogram(
            "download_task_duration_milliseconds",
            "How long downloads took.",
            Metrics.exponentialBounds(1, 2, 24),
            Label.of("task_type"),
            Label.of("task_size_level"));
    traffic =
        metrics.counter(
            "download_traffic", "Bytes of pieces, by where they came from.", Label.of("type"));
    for (String name : REQUESTS) {
      requests.put(name, request(name));
    }
    origins = new OriginMetrics(metrics);
    proxy = new ProxyMetrics(metrics);
  }

  /** How often something was asked for, and failed; with or without the kind of task. */
  private record Request(
      Series<CounterDataPoint> asked, Series<CounterDataPoint> failed, boolean typed) {
    String[] labels() {
      return typed ? new String[] {STANDARD} : new String[0];
    }
  }

  private Request request(String name) {
    boolean typed = !name.equals("delete_host");
    Label[] labels = typed ? new Label[] {Label.of("type")} : new Label[0];
    String failure = name.equals("list_local_tasks") ? "list_tasks" : name;
    return new Request(
        metrics.counter(name + "_total", "Requests.", labels),
        metrics.counter(failure + "_failure_total", "Requests that failed.", labels),
        typed);
  }

  /** For the sources, which tell it what they do. */
  OriginWatch origins() {
    return origins;
  }

  /** For the proxy, which tells it of its requests. */
  ProxyWatch proxy() {
    return proxy;
  }

  Metrics metrics() {
    return metrics;
  }

  /** What can be asked for while the daemon runs. */
  void observe(PieceStore store, PieceServer pieces, LongSupplier quicBytes, Path dir) {
    metrics.gauge(
        "disk_space_total",
        "Bytes of the disk that holds the pieces.",
        () -> bytes(dir, FileStore::getTotalSpace));
    metrics.gauge(
        "disk_usage_space_total",
        "Bytes of that disk that are in use, by whatever.",
        () -> bytes(dir, disk -> disk.getTotalSpace() - disk.getUsableSpace()));
    metrics.gauge("stored_bytes", "Bytes in finished pieces.", () -> (double) store.usedBytes());
    metrics.counter(
        "damaged_piece_total",
        "Stored pieces that were found damaged, and dropped.",
        () -> (double) store.damagedPieces());
    metrics.gauge(
        "concurrent_upload_piece_total",
        "Pieces being sent now.",
        () -> pieces.activity().uploading());
    metrics.counter(
        "upload_traffic",
        "Bytes of pieces sent.",
        () -> (double) pieces.activity().bytes() + quicBytes.getAsLong());
    metrics.gauge(
        "piece_connections",
        "Connections to the piece server.",
        () -> pieces.activity().connections());
  }

  private interface DiskSize {
    long of(FileStore disk) throws IOException;
  }

  private static double bytes(Path dir, DiskSize size) {
    try {
      return (double) size.of(Files.getFileStore(dir));
    } catch (IOException e) {
      return 0;
    }
  }

  /** Whether somebody waits for a download of this task. */
  boolean isDownloading(TaskId task) {
    return active.containsKey(task);
  }

  /** Whether somebody waits for any download. */
  boolean isDownloading() {
    return !active.isEmpty();
  }

  Daemon.Traffic traffic() {
    return new Daemon.Traffic(cache.sum(), peers.sum(), seeds.sum(), origin.sum());
  }

  @Override
  public void arrived(ByteSource source, long bytes) {
    String type =
        switch (source) {
          case CACHE -> {
            cache.add(bytes);
            yield "LOCAL_PEER";
          }
          case PEER -> {
            peers.add(bytes);
            yield "REMOTE_PEER";
          }
          case SEED -> {
            seeds.add(bytes);
            yield "REMOTE_PEER";
          }
          case ORIGIN -> {
            origin.add(bytes);
            yield "BACK_TO_SOURCE";
          }
        };
    traffic.with(type).inc(bytes);
  }

  @Override
  public void asked(String name) {
    Request request = requests.get(name);
    if (request != null) {
      request.asked().with(request.labels()).inc();
    }
  }

  @Override
  public void failed(String name) {
    Request request = requests.get(name);
    if (request != null) {
      request.failed().with(request.labels()).inc();
    }
  }

  @Override
  public DownloadCount downloadStarted(DownloadRequest request) {
    return started(request, labels(request), List.of(failures));
  }

  @Override
  public DownloadCount prefetchStarted(DownloadRequest request) {
    String[] labels = labels(request);
    prefetches.with(labels).inc();
    return started(request, labels, List.of(failures, prefetchFailures));
  }

  private static String[] labels(DownloadRequest request) {
    return new String[] {
      STANDARD,
      request.tag().orElse(""),
      request.application().orElse(""),
      Integer.toString(request.priority())
    };
  }

  private DownloadCount started(
      DownloadRequest request, String[] labels, List<Series<CounterDataPoint>> onFailure) {
    downloads.with(labels).inc();
    running.with(labels).inc();
    active.merge(request.taskId(), 1, Integer::sum);
    return new Counted(request.taskId(), labels, onFailure);
  }

  /** One download; it ends once, whoever says so first. */
  private final class Counted implements DownloadCount {
    private final TaskId task;
    private final String[] labels;
    private final List<Series<CounterDataPoint>> onFailure;
    private final AtomicBoolean over = new AtomicBoolean();

    Counted(TaskId task, String[] labels, List<Series<CounterDataPoint>> onFailure) {
      this.task = task;
      this.labels = labels;
      this.onFailure = onFailure;
    }

    @Override
    public void finished(DownloadSummary summary) {
      if (over.compareAndSet(false, true)) {
        leave();
        ByteCounts bytes = summary.bytes();
        durations
            .with(STANDARD, Integer.toString(sizeLevel(bytes.total())))
            .observe((double) summary.duration().toMillis());
        arrived(ByteSource.CACHE, bytes.cache());
      }
    }

    private void leave() {
      running.with(labels).dec();
      active.computeIfPresent(task, (_, count) -> count > 1 ? count - 1 : null);
    }

    @Override
    public void failed() {
      if (over.compareAndSet(false, true)) {
        leave();
        onFailure.forEach(series -> series.with(labels).inc());
      }
    }
  }

  /**
   * Upstream's levels: 0 for unknown, then below 1 MiB, 4 MiB, 8 MiB and so on doubling to 1 GiB,
   * below 4 GiB, 8 GiB and so on doubling to 1 TiB, and 20 for the rest.
   */
  static int sizeLevel(long bytes) {
    if (bytes <= 0) {
      return 0;
    }
    int level = 1;
    for (long bound = MIB; bound <= MIB << 20; level++) {
      if (bytes < bound) {
        return level;
      }
      bound *= bound == MIB || bound == MIB << 10 ? 4 : 2;
    }
    return level;
  }
}
