package io.dragonfly.daemon.link;

import com.sun.management.OperatingSystemMXBean;
import io.dragonfly.common.id.HostId;
import io.dragonfly.daemon.link.HostInfo.Cpu;
import io.dragonfly.daemon.link.HostInfo.Disk;
import io.dragonfly.daemon.link.HostInfo.Memory;
import io.dragonfly.daemon.link.HostInfo.Platform;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntSupplier;

/** Finds out what this host is and how busy it is. */
public final class HostProbe {
  private static final long UNLIMITED = 1L << 60;

  private final Identity identity;
  private final Path dir;
  private final NetworkSampler network;
  private final IntSupplier port;
  private final SystemFiles files = new SystemFiles(Path.of("/"));
  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  /** What does not change while the daemon runs. */
  public record Identity(
      HostId id,
      int type,
      String hostname,
      String ip,
      Optional<String> idc,
      Optional<String> location,
      long schedulerClusterId,
      boolean disableShared,
      String version) {}

  /**
   * @param dir on the disk that holds the pieces
   * @param port of the upload service
   */
  public HostProbe(Identity identity, Path dir, NetworkSampler network, IntSupplier port) {
    this.identity = identity;
    this.dir = dir;
    this.network = network;
    this.port = port;
  }

  /** Reads a dozen small files; never fails. */
  public HostInfo look() {
    return new HostInfo(
        identity.id(),
        identity.type(),
        identity.hostname(),
        instanceName(),
        identity.ip(),
        port.getAsInt(),
        identity.idc(),
        identity.location(),
        identity.schedulerClusterId(),
        identity.disableShared(),
        new Platform(
            System.getProperty("os.name", "linux").toLowerCase(Locale.ROOT),
            "unix",
            files.osRelease("VERSION_ID").orElse(""),
            System.getProperty("os.version", "")),
        cpu(),
        memory(),
        network.sample(),
        disk(),
        identity.version());
  }

  private String instanceName() {
    String namespace = System.getenv("POD_NAMESPACE");
    String pod = System.getenv("POD_NAME");
    return namespace != null && pod != null ? namespace + "-" + pod : identity.hostname();
  }

  private Cpu cpu() {
    int count = Runtime.getRuntime().availableProcessors();
    String[] max = files.text("sys/fs/cgroup/cpu.max").orElse("").split(" ", -1);
    OptionalLong quota = OptionalLong.empty();
    OptionalLong period = OptionalLong.empty();
    if (max.length == 2 && !max[0].equals("max")) {
      quota = OptionalLong.of(Long.parseLong(max[0]));
      period = OptionalLong.of(Long.parseLong(max[1]));
    } else {
      OptionalLong old = files.number("sys/fs/cgroup/cpu/cpu.cfs_quota_us");
      if (old.isPresent() && old.getAsLong() > 0) {
        quota = old;
        period = files.number("sys/fs/cgroup/cpu/cpu.cfs_period_us");
      }
    }
    return new Cpu(
        count,
        count,
        percent(system.getCpuLoad()),
        percent(system.getProcessCpuLoad()),
        period,
        quota);
  }

  private static double percent(double share) {
    return share >= 0 && share <= 1 ? share * 100 : 0;
  }

  private Memory memory() {
    Map<String, Long> info = files.memoryInfo();
    long total = info.getOrDefault("MemTotal", system.getTotalMemorySize());
    long free = info.getOrDefault("MemFree", system.getFreeMemorySize());
    OptionalLong limit = files.number("sys/fs/cgroup/memory.max");
    OptionalLong usage = files.number("sys/fs/cgroup/memory.current");
    if (usage.isEmpty()) {
      limit = files.number("sys/fs/cgroup/memory/memory.limit_in_bytes");
      usage = files.number("sys/fs/cgroup/memory/memory.usage_in_bytes");
    }
    if (limit.isPresent() && limit.getAsLong() > UNLIMITED) {
      limit = OptionalLong.empty();
    }
    String[] pages = files.text("proc/self/statm").orElse("0 0").split(" ", -1);
    long resident = pages.length > 1 ? Long.parseLong(pages[1]) << 12 : 0;
    return new Memory(
        total,
        info.getOrDefault("MemAvailable", free),
        free,
        Math.min(resident, total),
        limit,
        usage);
  }

  private Disk disk() {
    try {
      FileStore store = Files.getFileStore(dir);
      return new Disk(store.getTotalSpace(), store.getUsableSpace());
    } catch (IOException e) {
      return new Disk(0, 0);
    }
  }

  /** The name of this machine. */
  public static String localHostname() {
    return new SystemFiles(Path.of("/"))
        .text("proc/sys/kernel/hostname")
        .filter(name -> !name.isEmpty())
        .orElse("localhost");
  }

  /** The address under which others most likely reach this machine; loopback if it has no other. */
  public static String localAddress(boolean preferIpv6) {
    List<InetAddress> found;
    try {
      found =
          NetworkInterface.networkInterfaces()
              .filter(HostProbe::isUsable)
              .sorted(Comparator.comparingInt(NetworkInterface::getIndex))
              .flatMap(NetworkInterface::inetAddresses)
              .filter(a -> !a.isLinkLocalAddress() && !a.isLoopbackAddress())
              .toList();
    } catch (SocketException e) {
      found = List.of();
    }
    List<InetAddress> addresses = found;
    Class<?> first = preferIpv6 ? Inet6Address.class : Inet4Address.class;
    return addresses.stream()
        .filter(first::isInstance)
        .findFirst()
        .or(() -> addresses.stream().findFirst())
        .map(HostProbe::text)
        .orElse("127.0.0.1");
  }

  private static String text(InetAddress address) {
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    return zone < 0 ? text : text.substring(0, zone);
  }

  private static boolean isUsable(NetworkInterface candidate) {
    try {
      return candidate.isUp() && !candidate.isLoopback();
    } catch (SocketException e) {
      return false;
    }
  }
}
