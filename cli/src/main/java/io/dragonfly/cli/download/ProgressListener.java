package io.dragonfly.cli.download;

/** Hears how a download goes; called on the thread that downloads. */
public interface ProgressListener {
  /**
   * The length is known. Called at most once per attempt; {@code length} is -1 when nobody knows.
   */
  void started(long length);

  /** So many bytes have arrived in all. */
  void progress(long bytes);
}
