package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Scheduler, seed and a daemon on each peer, and an nginx as the origin, each on a host of its own.
 * All are warm: the peers have shared another content before.
 */
final class DragonflySwarm implements Contender {
  private final String name;
  private final Launcher launcher;

  DragonflySwarm(String name, Launcher launcher) {
    this.name = name;
    this.launcher = launcher;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Outcome run(Setting setting) throws IOException, InterruptedException {
    Path directory = setting.directory(name);
    Node originNode = setting.network().node(Hosts.ORIGIN);
    try (Nginx origin = Nginx.start(originNode.location(), setting.files(), directory);
        ProcessCluster cluster =
            new ProcessCluster(
                directory,
                ProcessCluster.freePort(),
                launcher,
                member -> setting.network().node(member).location())) {
      Usage usage = new Usage();
      usage.add(origin.pid());
      usage.add(cluster.startScheduler().pid());
      usage.add(cluster.startSeed(Hosts.SEED).pid());
      for (Node peer : setting.peers()) {
        usage.add(cluster.startPeer(peer.name()).pid());
      }
      WarmUp.run(
          downloads(setting, cluster, origin.url(Setting.WARM_UP), directory, "warm-"), usage);
      long before = origin.bytesSent();
      List<DaemonDownload> downloads =
          downloads(setting, cluster, origin.url(Setting.CONTENT), directory, "got-");
      List<Outcome.Peer> peers = new Race(setting, downloads, usage).run();
      return new Outcome(
          name, peers, origin.bytesSent() - before, usage.cpuSeconds(), usage.peakResidentBytes());
    }
  }

  private static List<DaemonDownload> downloads(
      Setting setting, ProcessCluster cluster, String url, Path directory, String prefix) {
    List<DaemonDownload> downloads = new ArrayList<>();
    for (Node peer : setting.peers()) {
      downloads.add(
          new DaemonDownload(
              peer.name(),
              cluster.socket(peer.name()),
              url,
              directory.resolve(prefix + peer.name())));
    }
    return downloads;
  }
}
