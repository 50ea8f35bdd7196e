package io.dragonfly.daemon.storage;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * What made a task: kept so that a restarted daemon can announce it again.
 *
 * <p>{@code download} is the encoded {@code Download} message without its credentials, at most 1
 * MiB; the store never looks inside. {@code timeToLive} and {@code replicas} are those of
 * persistent kinds.
 */
public final class TaskOrigin {
  public static final int MAX_DOWNLOAD_BYTES = 1 << 20;

  private final byte[] download;
  private final Optional<Duration> timeToLive;
  private final int replicas;

  public TaskOrigin(byte[] download) {
    this(download, Optional.empty(), 0);
  }

  /**
   * @param timeToLive how long the task is kept after its creation; empty for the policy's default
   * @param replicas how many hosts should hold it; 0 when nobody asked for a number
   */
  public TaskOrigin(byte[] download, Optional<Duration> timeToLive, int replicas) {
    if (download.length > MAX_DOWNLOAD_BYTES) {
      throw new IllegalArgumentException(
          "the download message has "
              + download.length
              + " bytes; at most "
              + MAX_DOWNLOAD_BYTES
              + " are kept");
    }
    if (replicas < 0) {
      throw new IllegalArgumentException("replicas is negative: " + replicas);
    }
    this.download = download.clone();
    this.timeToLive = timeToLive;
    this.replicas = replicas;
  }

  public byte[] download() {
    return download.clone();
  }

  public Optional<Duration> timeToLive() {
    return timeToLive;
  }

  public int replicas() {
    return replicas;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TaskOrigin that
        && Arrays.equals(download, that.download)
        && timeToLive.equals(that.timeToLive)
        && replicas == that.replicas;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(download);
  }

  @Override
  public String toString() {
    return "TaskOrigin[" + download.length + " bytes]";
  }
}
