package io.dragonfly.daemon.rpc;

import io.dragonfly.api.common.v2.Build;
import io.dragonfly.api.common.v2.CPU;
import io.dragonfly.api.common.v2.CgroupCPU;
import io.dragonfly.api.common.v2.CgroupMemory;
import io.dragonfly.api.common.v2.Disk;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Memory;
import io.dragonfly.api.common.v2.Network;
import io.dragonfly.daemon.link.HostInfo;

/** Writes this host as the wire wants it; a Go scheduler refuses percents outside of 0 to 100. */
final class HostMessages {
  private HostMessages() {}

  static Host host(HostInfo host) {
    Network.Builder network = HostFollowers.message(host.network());
    host.idc().ifPresent(network::setIdc);
    host.location().ifPresent(network::setLocation);
    return Host.newBuilder()
        .setId(host.id().value())
        .setType(host.type())
        .setHostname(host.hostname())
        .setName(host.name())
        .setIp(host.ip())
        .setPort(host.port())
        .setDownloadPort(host.port())
        .setOs(host.platform().os())
        .setPlatform(host.platform().os())
        .setPlatformFamily(host.platform().family())
        .setPlatformVersion(host.platform().version())
        .setKernelVersion(host.platform().kernelVersion())
        .setCpu(cpu(host.cpu()))
        .setMemory(memory(host.memory()))
        .setNetwork(network)
        .setDisk(disk(host.disk()))
        .setBuild(Build.newBuilder().setGitVersion(host.version()).setPlatform("java"))
        .setSchedulerClusterId(host.schedulerClusterId())
        .setDisableShared(host.disableShared())
        .build();
  }

  private static CPU.Builder cpu(HostInfo.Cpu cpu) {
    CPU.Builder message =
        CPU.newBuilder()
            .setLogicalCount(cpu.logicalCount())
            .setPhysicalCount(cpu.physicalCount())
            .setPercent(cpu.percent())
            .setProcessPercent(cpu.processPercent());
    if (cpu.cgroupPeriod().isPresent() && cpu.cgroupQuota().isPresent()) {
      message.setCgroup(
          CgroupCPU.newBuilder()
              .setPeriod(cpu.cgroupPeriod().getAsLong())
              .setQuota(cpu.cgroupQuota().getAsLong()));
    }
    return message;
  }

  private static Memory.Builder memory(HostInfo.Memory memory) {
    long used = Math.max(0, memory.total() - memory.available());
    Memory.Builder message =
        Memory.newBuilder()
            .setTotal(memory.total())
            .setAvailable(memory.available())
            .setFree(memory.free())
            .setUsed(used)
            .setUsedPercent(percent(used, memory.total()))
            .setProcessUsedPercent(percent(memory.processUsed(), memory.total()));
    if (memory.cgroupUsage().isPresent()) {
      long usage = memory.cgroupUsage().getAsLong();
      long limit = memory.cgroupLimit().orElse(-1);
      message.setCgroup(
          CgroupMemory.newBuilder()
              .setLimit(limit)
              .setUsage(usage)
              .setUsedPercent(limit > 0 ? percent(usage, limit) : 0));
    }
    return message;
  }

  private static Disk.Builder disk(HostInfo.Disk disk) {
    long used = Math.max(0, disk.total() - disk.free());
    return Disk.newBuilder()
        .setTotal(disk.total())
        .setFree(disk.free())
        .setUsed(used)
        .setUsedPercent(percent(used, disk.total()));
  }

  private static double percent(long part, long whole) {
    return whole <= 0 ? 0 : Math.clamp(100.0 * part / whole, 0, 100);
  }
}
