package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * BitTorrent: opentracker where our scheduler is, an aria2 that has the whole content where our
 * seed is (so it saves the way from the origin), and one on each peer.
 */
final class Aria2Swarm implements Contender {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  /** Pieces of 1 MiB, as a power of two. */
  private static final String PIECE_LENGTH = "20";

  private static final int PORT = 6881;

  /** The tracker's list of torrents, read after it has locked itself into the directory. */
  private static final String SERVED = "served";

  private static final Pattern INFO_HASH = Pattern.compile("Info Hash: ([0-9a-f]{40})");

  @Override
  public String name() {
    return "aria2";
  }

  @Override
  public Outcome run(Setting setting) throws IOException, InterruptedException {
    Path directory = setting.directory(name());
    Usage usage = new Usage();
    List<ProcessDownload> downloads = new ArrayList<>();
    Node trackerNode = setting.network().node(ProcessCluster.SCHEDULER);
    int port = ProcessCluster.freePort();
    Path torrent = directory.resolve("content.torrent");
    Tool.MKTORRENT.run(
        "-a",
        "http://" + trackerNode.address() + ":" + port + "/announce",
        "-l",
        PIECE_LENGTH,
        "-o",
        torrent.toString(),
        setting.files().resolve(Setting.CONTENT).toString());
    try (Program tracker = tracker(trackerNode, port, torrent, directory);
        Program seed = seed(setting, torrent, directory)) {
      usage.add(tracker.pid());
      usage.add(seed.pid());
      for (Node peer : setting.peers()) {
        downloads.add(download(peer, torrent, directory, usage));
      }
      List<Outcome.Peer> peers = new Race(setting, downloads, usage).run();
      return new Outcome(name(), peers, -1, usage.cpuSeconds(), usage.peakResidentBytes());
    } finally {
      downloads.forEach(ProcessDownload::close);
    }
  }

  private static Program tracker(Node node, int port, Path torrent, Path directory)
      throws IOException, InterruptedException {
    String number = Integer.toString(port);
    // Debian's tracker serves only what it was told of.
    Matcher hash = INFO_HASH.matcher(Tool.ARIA2.run("--no-conf=true", "-S", torrent.toString()));
    if (!hash.find()) {
      throw new IOException("aria2 does not name the info hash of " + torrent);
    }
    Files.writeString(directory.resolve(SERVED), hash.group(1) + "\n");
    Program tracker =
        Program.start(
            directory.resolve("tracker.log"),
            node.command(
                List.of(
                    Tool.OPENTRACKER.path(),
                    "-i",
                    node.address(),
                    "-p",
                    number,
                    "-P",
                    number,
                    "-w",
                    SERVED,
                    "-d",
                    directory.toString())));
    tracker.awaitListening(port, START_LIMIT);
    return tracker;
  }

  private static Program seed(Setting setting, Path torrent, Path directory)
      throws IOException, InterruptedException {
    List<String> command = common(setting.files(), torrent);
    command.add("--check-integrity=true");
    Program seed =
        Program.start(
            directory.resolve("seed.log"), setting.network().node(Hosts.SEED).command(command));
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    seed.awaitListening(PORT, START_LIMIT);
    while (!seed.output().contains("SEED")) {
      if (System.nanoTime() > deadline || !seed.isAlive()) {
        throw new IOException("aria2 does not begin to seed: " + seed.output());
      }
      Thread.sleep(50);
    }
    return seed;
  }

  private static ProcessDownload download(Node peer, Path torrent, Path directory, Usage usage)
      throws IOException {
    Path own = Files.createDirectories(directory.resolve(peer.name()));
    Path mark = own.resolve("complete");
    Path hook = own.resolve("hook");
    Files.writeString(hook, "#!/bin/sh\n: >" + mark + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwx------"));
    List<String> command = common(own, torrent);
    command.add("--on-bt-download-complete=" + hook);
    return new ProcessDownload(
        peer,
        command,
        List.of(own.resolve(Setting.CONTENT)),
        Optional.of(mark),
        own.resolve("aria2.log"),
        usage);
  }

  /** What seed and peers have in common: they find each other soon, and serve without limits. */
  private static List<String> common(Path files, Path torrent) throws IOException {
    return new ArrayList<>(
        List.of(
            Tool.ARIA2.path(),
            "--no-conf=true",
            "--enable-dht=false",
            "--enable-dht6=false",
            "--bt-enable-lpd=false",
            "--disable-ipv6=true",
            "--listen-port=" + PORT,
            "--seed-ratio=0",
            "--bt-max-peers=0",
            "--bt-tracker-interval=5",
            "--bt-request-peer-speed-limit=100M",
            "--file-allocation=none",
            "--summary-interval=1",
            "--dir=" + files,
            torrent.toString()));
  }
}
