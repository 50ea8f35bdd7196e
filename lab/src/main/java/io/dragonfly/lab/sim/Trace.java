package io.dragonfly.lab.sim;

import java.util.HexFormat;

/**
 * A running hash of everything that happens: two runs with one seed have the same, in any process.
 */
final class Trace {
  private long hash = 0x243F6A8885A308D3L;
  private long entries;

  void add(long kind, long a, long b) {
    entries++;
    mix(kind);
    mix(a);
    mix(b);
  }

  private void mix(long value) {
    long x = (hash ^ value) * 0x9E3779B97F4A7C15L;
    x ^= x >>> 32;
    x *= 0xD6E8FEB86659FD93L;
    hash = x ^ (x >>> 29);
  }

  long entries() {
    return entries;
  }

  /** 16 hex digits. */
  String hash() {
    return HexFormat.of().toHexDigits(hash);
  }
}
