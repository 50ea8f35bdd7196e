package io.dragonfly.lab.pull;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.RegistryFiles;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.process.Workplace;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One run of the cold pull, from the network to the table. */
final class PullRun {
  private static final long WARM_UP = 32L << 20;
  private static final int WARM_UPS = 4;

  /** Layers of one piece each: what runs once for a layer is compiled after some hundreds. */
  private static final long SMALL = 128 << 10;

  private final PullOptions options;
  private final PrintStream out;

  PullRun(PullOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  /** A content and where the registry has it. */
  private record Layer(String path, String sha256) {}

  void run() throws IOException, InterruptedException {
    Tool.require(Tool.NGINX, Tool.CURL);
    long room =
        (options.size() * 3 + WARM_UP * 3) * (options.runs() + WARM_UPS)
            + SMALL * 3 * options.small();
    try (Workplace work = Workplace.open(options.work(), room);
        ShapedNetwork network = ShapedNetwork.open(options.roundTrip())) {
      network.cleanAtExit(work);
      Hosts.add(network, 1, options.rate(), options.rate(), options.rate());
      measure(work.directory(), network);
    }
  }

  private void measure(Path work, ShapedNetwork network) throws IOException, InterruptedException {
    RegistryFiles registry = new RegistryFiles(Files.createDirectory(work.resolve("files")));
    List<Layer> layers = new ArrayList<>();
    List<Layer> small = new ArrayList<>();
    for (int i = 0; i < options.runs() + WARM_UPS; i++) {
      layers.add(layer(registry, i + 1, i < WARM_UPS ? WARM_UP : options.size()));
    }
    for (int i = 0; i < options.small(); i++) {
      small.add(layer(registry, layers.size() + i + 1, SMALL));
    }
    print(
        "a layer of %.1f MB, every link at %s, %d ms from host to host and back",
        options.size() / 1e6, options.rate(), options.roundTrip().toMillis());
    try (Nginx origin =
        Nginx.start(
            network.node(Hosts.ORIGIN).location(),
            registry.directory(),
            Files.createDirectory(work.resolve("nginx")),
            RegistryFiles.NGINX)) {
      pull(work, network, origin, small, layers, /* seed= */ false);
      pull(work, network, origin, small, layers, /* seed= */ true);
    }
  }

  private static Layer layer(RegistryFiles registry, long number, long length) throws IOException {
    LabContent content = new LabContent(number, length);
    return new Layer(registry.blob(content), content.sha256());
  }

  /** With daemons of its own, which have nothing yet. */
  private void pull(
      Path work,
      ShapedNetwork network,
      Nginx origin,
      List<Layer> small,
      List<Layer> layers,
      boolean seed)
      throws IOException, InterruptedException {
    String how = seed ? "through the seed" : "reading the origin";
    Node peer = network.node(Hosts.peer(1));
    Path output = work.resolve("got");
    List<Double> waits = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    try (ProcessCluster cluster =
        new ProcessCluster(
            work.resolve(seed ? "s" : "o"),
            ProcessCluster.freePort(),
            options.ours(),
            member -> network.node(member).location())) {
      cluster.startScheduler();
      if (seed) {
        cluster.startSeed(Hosts.SEED);
      }
      cluster.startMirror(peer.name(), origin.url(""));
      String mirror = "http://" + peer.address() + ":" + cluster.port(peer.name() + ".proxy") + "/";
      for (Layer layer : small) {
        Pulled.by(peer, mirror + layer.path, layer.sha256, output);
      }
      for (int i = 0; i < layers.size(); i++) {
        Layer layer = layers.get(i);
        Pulled direct = Pulled.by(peer, origin.url(layer.path), layer.sha256, output);
        Pulled ours = Pulled.by(peer, mirror + layer.path, layer.sha256, output);
        if (i < WARM_UPS) {
          continue; // daemons run for months: their code is compiled
        }
        waits.add(ours.firstByteMillis() - direct.firstByteMillis());
        ratios.add(ours.seconds() / direct.seconds());
        print(
            "%s: first byte after %.1f ms, all after %.2f s; straight %.1f ms, %.2f s:"
                + " %.1f ms more, %.3f times as long",
            how,
            ours.firstByteMillis(),
            ours.seconds(),
            direct.firstByteMillis(),
            direct.seconds(),
            waits.getLast(),
            ratios.getLast());
      }
    }
    print(
        "%s: first byte later by %s ms (at most %d aimed at), time %s (at most %.2f)",
        how, spread(waits, 1), seed ? 100 : 20, spread(ratios, 3), seed ? 1.10 : 1.05);
  }

  private static String spread(List<Double> values, int decimals) {
    List<Double> sorted = values.stream().sorted().toList();
    String number = "%." + decimals + "f";
    return String.format(
        Locale.ROOT,
        number + " (" + number + " to " + number + ")",
        sorted.get(sorted.size() / 2),
        sorted.getFirst(),
        sorted.getLast());
  }

  @FormatMethod
  private void print(@FormatString String format, Object... values) {
    out.println(String.format(Locale.ROOT, format, values));
  }
}
