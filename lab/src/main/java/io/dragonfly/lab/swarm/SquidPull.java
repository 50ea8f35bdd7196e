package io.dragonfly.lab.swarm;

import io.dragonfly.lab.origin.RegistryFiles;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.Squid;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One cache for all, where our seed is: a squid, from which each peer's curl pulls the layers. */
final class SquidPull implements Contender {
  private static final long MORE = 64L << 20;

  @Override
  public String name() {
    return "squid";
  }

  @Override
  public Outcome run(Setting setting) throws IOException, InterruptedException {
    Path directory = setting.directory(name());
    Usage usage = new Usage();
    List<ProcessDownload> downloads = new ArrayList<>();
    try (Nginx origin =
            Nginx.start(
                setting.network().node(Hosts.ORIGIN).location(),
                setting.files(),
                directory,
                RegistryFiles.NGINX);
        Squid squid =
            Squid.start(
                setting.network().node(Hosts.SEED).location(),
                origin,
                Files.createDirectory(directory.resolve("squid")),
                setting.options().size() * 2 + MORE)) {
      usage.add(origin.pid());
      usage.add(squid.pid());
      for (Node peer : setting.peers()) {
        downloads.add(CurlPull.of(peer, setting.layers(), squid::url, directory, usage));
      }
      List<Outcome.Peer> peers = new Race(setting, downloads, usage).run();
      return new Outcome(
          name(), peers, origin.bytesSent(), usage.cpuSeconds(), usage.peakResidentBytes());
    } finally {
      downloads.forEach(ProcessDownload::close);
    }
  }
}
