package io.dragonfly.daemon.storage;

/**
 * How much a store may keep, and for how long.
 *
 * @param keep false wipes what an earlier run left, at open
 * @param quotaBytes how much the store may hold in all; 0 means what the file system has
 * @param openFiles how many idle files stay open for reuse, 1..65536
 */
public record StoreOptions(boolean keep, long quotaBytes, int openFiles) {
  public static final int DEFAULT_OPEN_FILES = 256;

  public StoreOptions {
    if (quotaBytes < 0) {
      throw new IllegalArgumentException("quotaBytes is negative: " + quotaBytes);
    }
    if (openFiles < 1 || openFiles > 65_536) {
      throw new IllegalArgumentException("openFiles must be 1..65536, not " + openFiles);
    }
  }

  /** Keeps the cache across restarts, without a quota. */
  public static StoreOptions defaults() {
    return new StoreOptions(true, 0, DEFAULT_OPEN_FILES);
  }

  public StoreOptions withKeep(boolean value) {
    return new StoreOptions(value, quotaBytes, openFiles);
  }

  public StoreOptions withQuotaBytes(long value) {
    return new StoreOptions(keep, value, openFiles);
  }
}
