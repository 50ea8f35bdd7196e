package io.dragonfly.dist;

import java.time.Duration;
import java.util.Optional;

/**
 * What is shown.
 *
 * @param url what to download; absent: content that the demo serves itself
 * @param peers how many download at once
 * @param length bytes of the content that the demo serves
 * @param ranges whether the demo's origin gives parts of its content
 * @param seedDelay how much later than the downloads the seed starts
 */
record DemoOptions(
    Optional<String> url, int peers, long length, boolean ranges, Duration seedDelay) {
  static final int MOST_PEERS = 32;
  static final long LONGEST = 64L << 30;

  DemoOptions {
    if (peers < 1 || peers > MOST_PEERS || length < 0 || length > LONGEST) {
      throw new IllegalArgumentException("1 to 32 peers, 0 to 64GiB");
    }
  }
}
