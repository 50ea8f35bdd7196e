package io.dragonfly.daemon.download;

/** One download that is counted while it runs; exactly one of its methods is called, once. */
public interface DownloadCount {
  void finished(DownloadSummary summary);

  void failed();
}
