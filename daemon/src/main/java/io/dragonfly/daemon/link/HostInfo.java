package io.dragonfly.daemon.link;

import io.dragonfly.common.id.HostId;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What this host tells the schedulers about itself.
 *
 * @param type 0 for a normal host, 1 for a super seed peer
 * @param name the name of the instance: the pod's where there is one
 * @param port of the upload service
 * @param disableShared other peers must not be sent here
 */
public record HostInfo(
    HostId id,
    int type,
    String hostname,
    String name,
    String ip,
    int port,
    Optional<String> idc,
    Optional<String> location,
    long schedulerClusterId,
    boolean disableShared,
    Platform platform,
    Cpu cpu,
    Memory memory,
    NetworkUse network,
    Disk disk,
    String version) {

  /** The operating system, in upstream's words. */
  public record Platform(String os, String family, String version, String kernelVersion) {}

  /** Percents are 0 to 100; the quota is of a cgroup, microseconds per period. */
  public record Cpu(
      int logicalCount,
      int physicalCount,
      double percent,
      double processPercent,
      OptionalLong cgroupPeriod,
      OptionalLong cgroupQuota) {}

  /** Bytes; the limit is of a cgroup. */
  public record Memory(
      long total,
      long available,
      long free,
      long processUsed,
      OptionalLong cgroupLimit,
      OptionalLong cgroupUsage) {}

  /** Of the disk that holds the pieces, in bytes. */
  public record Disk(long total, long free) {}

  /** Bits per second: what the interface can do, and what it does. */
  public record NetworkUse(long maxReceive, long receive, long maxSend, long send) {}
}
