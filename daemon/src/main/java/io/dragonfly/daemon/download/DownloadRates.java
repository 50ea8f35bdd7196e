package io.dragonfly.daemon.download;

import io.dragonfly.common.limit.FairBucket;

/**
 * How fast bytes may come into this host, each shared fairly by tasks. The rates may change at any
 * time.
 *
 * @param download everything that comes in
 * @param backToSource what is read at origins, in addition
 * @param prefetch what nobody waits for yet, in addition
 */
public record DownloadRates(FairBucket download, FairBucket backToSource, FairBucket prefetch) {
  /** Nothing is limited till a rate is set. */
  public static DownloadRates unlimited() {
    return new DownloadRates(
        FairBucket.ofRate(FairBucket.UNLIMITED),
        FairBucket.ofRate(FairBucket.UNLIMITED),
        FairBucket.ofRate(FairBucket.UNLIMITED));
  }
}
