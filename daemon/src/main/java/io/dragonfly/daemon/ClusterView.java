package io.dragonfly.daemon;

import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.rpc.SchedulerLook;
import io.dragonfly.daemon.rpc.SchedulerLook.ClockLook;
import io.dragonfly.daemon.rpc.SchedulerLook.KnownHost;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The cluster as a daemon with this configuration would find it, for programs that look and take no
 * part: its schedulers, and what they know.
 */
public final class ClusterView implements AutoCloseable {
  private final Blueprint plan;
  private final Path dynconfig;
  private final EventLoops loops = new EventLoops("view", 1);
  private final RpcChannels schedulerChannels;
  private final RpcChannels managerChannels;

  /**
   * @param dynconfig the file that names the schedulers; used when the configuration names no
   *     manager
   * @throws IOException for certificates that can't be read
   */
  public ClusterView(DaemonConfig config, Path dynconfig) throws IOException {
    this.plan = new Blueprint(config);
    this.dynconfig = dynconfig;
    boolean made = false;
    try {
      schedulerChannels = RpcChannels.of(loops, Blueprint.clientTls(config.scheduler().tls()));
      managerChannels = RpcChannels.of(loops, Blueprint.clientTls(config.manager().tls()));
      made = true;
    } finally {
      if (!made) {
        loops.close();
      }
    }
  }

  /** What the daemon's host is called in the cluster. */
  public String hostId() {
    return plan.host().value();
  }

  /**
   * The schedulers that it would use.
   *
   * @throws IOException when the file or the manager names none
   */
  public List<InetSocketAddress> schedulers() throws IOException, InterruptedException {
    return plan.schedulers(dynconfig, managerChannels, schedulerChannels, _ -> {}).read();
  }

  /**
   * The hosts that a scheduler knows.
   *
   * @throws IOException when it gives no answer in time
   */
  public List<KnownHost> hosts(InetSocketAddress scheduler, Duration patience) throws IOException {
    return SchedulerLook.hosts(schedulerChannels, scheduler, patience);
  }

  /**
   * Compares this host's clock with a scheduler's; empty where that does not tell the time.
   *
   * @throws IOException when it gives no answer in time
   */
  public Optional<ClockLook> clock(InetSocketAddress scheduler, Duration patience)
      throws IOException {
    return SchedulerLook.clock(schedulerChannels, scheduler, patience);
  }

  /**
   * Asks the daemon behind a unix socket whether it is there.
   *
   * @throws IOException when it gives no answer in time
   */
  public void ask(Path socket, Duration patience) throws IOException {
    SchedulerLook.daemon(schedulerChannels, socket, patience);
  }

  @Override
  public void close() {
    schedulerChannels.close();
    managerChannels.close();
    loops.close();
  }
}
