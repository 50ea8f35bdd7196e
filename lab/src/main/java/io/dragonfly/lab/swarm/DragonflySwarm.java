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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

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
      warmUp(setting, cluster, origin.url(Setting.WARM_UP), directory);
      usage.awaitRest(); // compilers still have work then
      long before = origin.bytesSent();
      List<DaemonDownload> downloads = new ArrayList<>();
      for (Node peer : setting.peers()) {
        downloads.add(download(cluster, peer, origin.url(Setting.CONTENT), directory, "got-"));
      }
      List<Outcome.Peer> peers = new Race(setting, downloads, usage).run();
      return new Outcome(
          name, peers, origin.bytesSent() - before, usage.cpuSeconds(), usage.peakResidentBytes());
    }
  }

  /** Daemons run for months: their code is compiled before the race, by work of the same kind. */
  private static void warmUp(Setting setting, ProcessCluster cluster, String url, Path directory)
      throws IOException, InterruptedException {
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<?>> running = new ArrayList<>();
      for (Node peer : setting.peers()) {
        DaemonDownload download = download(cluster, peer, url, directory, "warm-");
        running.add(
            threads.submit(() -> {
              download.run();
              return null;
            }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("the warm-up failed: " + e.getCause(), e);
    }
  }

  private static DaemonDownload download(
      ProcessCluster cluster, Node peer, String url, Path directory, String prefix) {
    return new DaemonDownload(
        peer.name(), cluster.socket(peer.name()), url, directory.resolve(prefix + peer.name()));
  }
}
