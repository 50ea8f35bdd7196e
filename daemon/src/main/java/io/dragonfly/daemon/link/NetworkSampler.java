package io.dragonfly.daemon.link;

import io.dragonfly.daemon.link.HostInfo.NetworkUse;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures the interface that has this host's address: the difference of its byte counters over the
 * time since the last look. Looks closer together than half a second share one measurement, so that
 * any number of callers cost one.
 */
public final class NetworkSampler {
  private static final long SHORTEST_NANOS = 500_000_000;

  private final SystemFiles files;
  private final LongSupplier nanoTime;
  private final Optional<String> interfaceName;
  private final LongSupplier uploadLimit;

  // Guarded by this object's monitor.
  private @Nullable Look last;
  private NetworkUse use;

  private record Look(long nanos, long received, long sent) {}

  /**
   * @param uploadLimit bytes per second that this host may serve now: caps what is announced
   */
  public NetworkSampler(String ip, LongSupplier uploadLimit) {
    this(new SystemFiles(Path.of("/")), System::nanoTime, interfaceOf(ip), uploadLimit);
  }

  NetworkSampler(
      SystemFiles files,
      LongSupplier nanoTime,
      Optional<String> interfaceName,
      LongSupplier uploadLimit) {
    this.files = files;
    this.nanoTime = nanoTime;
    this.interfaceName = interfaceName;
    this.uploadLimit = uploadLimit;
    use = new NetworkUse(capacity(), 0, capacity(), 0);
  }

  public synchronized NetworkUse sample() {
    long now = nanoTime.getAsLong();
    Look before = last;
    if (before != null && now - before.nanos() < SHORTEST_NANOS) {
      return use;
    }
    Look look = new Look(now, counter("rx_bytes"), counter("tx_bytes"));
    last = look;
    if (before != null) {
      long capacity = capacity();
      double seconds = (now - before.nanos()) / 1e9;
      use =
          new NetworkUse(
              capacity,
              bits(look.received() - before.received(), seconds),
              capacity,
              bits(look.sent() - before.sent(), seconds));
    }
    return use;
  }

  private static long bits(long bytes, double seconds) {
    return bytes <= 0 ? 0 : (long) (bytes * 8 / seconds);
  }

  private long counter(String name) {
    return interfaceName
        .map(i -> files.number("sys/class/net/" + i + "/statistics/" + name).orElse(0))
        .orElse(0L);
  }

  /** Interfaces that have no speed (loopback, virtual ones) are limited by configuration only. */
  private long capacity() {
    long megabits =
        interfaceName.map(i -> files.number("sys/class/net/" + i + "/speed").orElse(0)).orElse(0L);
    long limit = Math.min(uploadLimit.getAsLong(), Long.MAX_VALUE / 8) * 8;
    return megabits > 0 ? Math.min(megabits * 1_000_000, limit) : limit;
  }

  private static Optional<String> interfaceOf(String ip) {
    try {
      return Optional.ofNullable(NetworkInterface.getByInetAddress(InetAddress.getByName(ip)))
          .map(NetworkInterface::getName);
    } catch (SocketException | UnknownHostException e) {
      return Optional.empty();
    }
  }
}
