package io.dragonfly.lab.swarm;

import io.dragonfly.lab.origin.RegistryFiles;
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
 * The swarm of {@link DragonflySwarm} behind the registry mirrors of its daemons: each peer's curl
 * pulls the layers through its own. Warm as there.
 */
final class MirrorPull implements Contender {
  private final Launcher launcher;

  MirrorPull(Launcher launcher) {
    this.launcher = launcher;
  }

  @Override
  public String name() {
    return "mirror";
  }

  @Override
  public Outcome run(Setting setting) throws IOException, InterruptedException {
    Path directory = setting.directory(name());
    Node originNode = setting.network().node(Hosts.ORIGIN);
    Usage usage = new Usage();
    List<ProcessDownload> downloads = new ArrayList<>();
    try (Nginx origin =
            Nginx.start(originNode.location(), setting.files(), directory, RegistryFiles.NGINX);
        ProcessCluster cluster =
            new ProcessCluster(
                directory,
                ProcessCluster.freePort(),
                launcher,
                member -> setting.network().node(member).location())) {
      usage.add(origin.pid());
      usage.add(cluster.startScheduler().pid());
      usage.add(cluster.startSeed(Hosts.SEED).pid());
      for (Node peer : setting.peers()) {
        usage.add(cluster.startMirror(peer.name(), origin.url("")).pid());
      }
      downloads.addAll(pulls(setting, cluster, setting.warmUpLayers(), "warm-up", usage));
      WarmUp.run(downloads, usage);
      long before = origin.bytesSent();
      List<ProcessDownload> race = pulls(setting, cluster, setting.layers(), "race", usage);
      downloads.addAll(race);
      List<Outcome.Peer> peers = new Race(setting, race, usage).run();
      return new Outcome(
          name(),
          peers,
          origin.bytesSent() - before,
          usage.cpuSeconds(),
          usage.peakResidentBytes());
    } finally {
      downloads.forEach(ProcessDownload::close);
    }
  }

  private List<ProcessDownload> pulls(
      Setting setting, ProcessCluster cluster, List<String> layers, String what, Usage usage)
      throws IOException {
    Path directory = setting.directory(name()).resolve(what);
    List<ProcessDownload> pulls = new ArrayList<>();
    for (Node peer : setting.peers()) {
      String mirror = "http://" + peer.address() + ":" + cluster.port(peer.name() + ".proxy") + "/";
      pulls.add(CurlPull.of(peer, layers, mirror::concat, directory, usage));
    }
    return pulls;
  }
}
