package io.dragonfly.daemon;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.download.DownloadRates;
import io.dragonfly.daemon.link.ClusterRates;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rate limits of the whole host, which change while it runs: what the cluster says goes over
 * what the file says. Any thread.
 */
final class HostRates {
  private static final Logger logger = LoggerFactory.getLogger(HostRates.class);

  private final DownloadRates downloads = DownloadRates.unlimited();
  private final FairBucket upload = FairBucket.ofRate(FairBucket.UNLIMITED);
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private DaemonConfig file;

  @GuardedBy("lock")
  private ClusterRates cluster = ClusterRates.NONE;

  HostRates(DaemonConfig file) {
    this.file = file;
    lock.lock();
    try {
      apply();
    } finally {
      lock.unlock();
    }
  }

  DownloadRates downloads() {
    return downloads;
  }

  FairBucket upload() {
    return upload;
  }

  /** The file was read again. */
  void fromFile(DaemonConfig config) {
    lock.lock();
    try {
      file = config;
      apply();
    } finally {
      lock.unlock();
    }
  }

  /** The cluster's configuration was read again. */
  void fromCluster(ClusterRates rates) {
    lock.lock();
    try {
      cluster = rates;
      apply();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void apply() {
    set(
        "download.bandwidthLimit",
        downloads.download(),
        cluster.download().bandwidthLimit(),
        file.download().bandwidthLimit());
    set(
        "download.backToSourceBandwidthLimit",
        downloads.backToSource(),
        cluster.download().backToSourceBandwidthLimit(),
        file.download().backToSourceBandwidthLimit());
    set(
        "upload.bandwidthLimit",
        upload,
        cluster.upload().bandwidthLimit(),
        file.upload().bandwidthLimit());
    set(
        "proxy.prefetchBandwidthLimit",
        downloads.prefetch(),
        cluster.proxy().prefetchBandwidthLimit(),
        file.proxy().prefetchBandwidthLimit());
  }

  private static void set(
      String key, FairBucket bucket, Optional<ByteSize> cluster, ByteSize file) {
    long rate = Math.min(cluster.orElse(file).bytes(), FairBucket.UNLIMITED);
    if (rate != bucket.bytesPerSecond()) {
      bucket.bytesPerSecond(rate);
      logger.info(
          "event=rate_limit key={} bytes_per_second={} from={}",
          key,
          rate,
          cluster.isPresent() ? "cluster" : "file");
    }
  }
}
