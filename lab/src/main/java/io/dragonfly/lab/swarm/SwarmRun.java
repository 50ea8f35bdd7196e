package io.dragonfly.lab.swarm;

import io.dragonfly.common.file.Directories;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.RegistryFiles;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.process.Workplace;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One run of the shaped swarm, from the network to the report. */
final class SwarmRun {
  /** What each peer takes once before it is measured, and what one stream's goodput is taken of. */
  private static final long WARM_UP = 128L << 20;

  private final SwarmOptions options;
  private final PrintStream out;

  SwarmRun(SwarmOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  void run() throws IOException, InterruptedException {
    requireTools();
    Accounting.requireMemoryFor(options.peers());
    long room = options.size() * (options.peers() + 4L) + WARM_UP * (options.peers() + 3L);
    try (Workplace work = Workplace.open(options.work(), room);
        ShapedNetwork network = ShapedNetwork.open(options.roundTrip())) {
      network.cleanAtExit(work);
      measure(work.directory(), network);
    }
  }

  private void measure(Path work, ShapedNetwork network) throws IOException, InterruptedException {
    LabContent content = new LabContent(1, options.size());
    Path files = Files.createDirectories(work.resolve("files"));
    content.write(files.resolve(Setting.CONTENT));
    LabContent warmUp = new LabContent(2, WARM_UP);
    warmUp.write(files.resolve(Setting.WARM_UP));
    RegistryFiles registry = new RegistryFiles(files);
    List<String> layers = registry.layers(content, options.layers());
    List<String> warmUpLayers = registry.layers(warmUp, options.layers());
    Hosts.add(network, options.peers(), options.rate(), options.seedRate(), options.originRate());
    Setting setting =
        new Setting(options, network, work, files, content.sha256(), layers, warmUpLayers);
    Bounds bounds = Bounds.of(options, NginxCurl.goodput(setting, Setting.WARM_UP), units());
    SwarmReport report = new SwarmReport(options, bounds);
    report.printHead(out);
    for (Contender contender : contenders()) {
      report.add(contender.run(setting), out);
      Directories.delete(setting.directory(contender.name()));
    }
    report.write();
    out.println();
    out.println("Written: " + options.report().resolve("swarm.json") + " and a chart for each.");
  }

  private int units() {
    long pieceLength = PieceLayout.automaticPieceLength(options.size());
    return (int) Math.max(1, (options.size() + pieceLength - 1) / pieceLength);
  }

  private void requireTools() throws IOException {
    List<Tool> tools = new ArrayList<>(List.of(Tool.NGINX, Tool.CURL));
    if (options.contenders().contains(Contender.Kind.ARIA2)) {
      tools.addAll(List.of(Tool.ARIA2, Tool.OPENTRACKER, Tool.MKTORRENT));
    }
    if (options.contenders().contains(Contender.Kind.SQUID)) {
      tools.add(Tool.SQUID);
    }
    Tool.require(tools.toArray(Tool[]::new));
  }

  private List<Contender> contenders() {
    List<Contender> contenders = new ArrayList<>();
    for (Contender.Kind kind : options.contenders()) {
      contenders.add(
          switch (kind) {
            case DRAGONFLY -> new DragonflySwarm("dragonfly", options.ours());
            case NGINX -> new NginxCurl();
            case ARIA2 -> new Aria2Swarm();
            case MIRROR -> new MirrorPull(options.ours());
            case SQUID -> new SquidPull();
          });
    }
    options
        .upstream()
        .ifPresent(directory ->
            contenders.add(new DragonflySwarm("upstream", Launcher.ofPrograms(directory))));
    return contenders;
  }
}
