package io.dragonfly.common.config;

/** An amount of bytes, at least 0. */
public record ByteSize(long bytes) {
  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("size " + bytes + " is negative");
    }
  }
}
