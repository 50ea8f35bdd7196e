package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Client and server: every peer takes all of it from the origin. */
final class NginxCurl implements Contender {
  @Override
  public String name() {
    return "nginx+curl";
  }

  @Override
  public Outcome run(Setting setting) throws IOException, InterruptedException {
    Path directory = setting.directory(name());
    Usage usage = new Usage();
    List<ProcessDownload> downloads = new ArrayList<>();
    try (Nginx origin =
        Nginx.start(setting.network().node(Hosts.ORIGIN).location(), setting.files(), directory)) {
      usage.add(origin.pid());
      for (Node peer : setting.peers()) {
        downloads.add(CurlPull.of(peer, setting.layers(), origin::url, directory, usage));
      }
      List<Outcome.Peer> peers = new Race(setting, downloads, usage).run();
      return new Outcome(
          name(), peers, origin.bytesSent(), usage.cpuSeconds(), usage.peakResidentBytes());
    } finally {
      downloads.forEach(ProcessDownload::close);
    }
  }

  /** Bytes per second of one stream from the origin to a peer. */
  static double goodput(Setting setting, String file) throws IOException, InterruptedException {
    Path directory = setting.directory("goodput");
    try (Nginx origin =
        Nginx.start(setting.network().node(Hosts.ORIGIN).location(), setting.files(), directory)) {
      String speed =
          Tool.run(
              setting
                  .peers()
                  .getFirst()
                  .command(
                      List.of(
                          Tool.CURL.path(),
                          "--fail",
                          "--silent",
                          "--show-error",
                          "--output",
                          "/dev/null",
                          "--write-out",
                          "%{speed_download}",
                          origin.url(file))));
      return Double.parseDouble(speed.strip());
    }
  }
}
