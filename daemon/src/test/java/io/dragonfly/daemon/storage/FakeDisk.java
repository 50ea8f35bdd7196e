package io.dragonfly.daemon.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A disk of any size, with what is used on it. */
final class FakeDisk implements DiskProbe {
  private long total;
  private long usable;

  FakeDisk(long total, long usable) {
    this.total = total;
    this.usable = usable;
  }

  synchronized void usable(long bytes) {
    usable = bytes;
  }

  @Override
  public synchronized long usableBytes() {
    return usable;
  }

  @Override
  public synchronized long totalBytes() {
    return total;
  }

  @Override
  public int links(Path file) throws IOException {
    return (Integer) Files.getAttribute(file, "unix:nlink");
  }
}
