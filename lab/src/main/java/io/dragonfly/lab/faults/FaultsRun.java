package io.dragonfly.lab.faults;

import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.process.Workplace;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** One run of the chosen cases, from the network to the report. */
final class FaultsRun {
  private final FaultOptions options;
  private final PrintStream out;

  FaultsRun(FaultOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  /** Runs it; whether all invariants held in all cases. */
  boolean run() throws IOException, InterruptedException {
    Tool.require(Tool.MOUNT, Tool.UMOUNT, Tool.DU);
    Accounting.requireMemoryFor(options.peers());
    FaultsReport report = new FaultsReport(options, out);
    try (Workplace work =
            Workplace.open(options.work(), options.size() * 3 * (options.peers() + 2));
        ShapedNetwork network = ShapedNetwork.open(options.roundTrip())) {
      network.cleanAtExit(work);
      Hosts.add(network, options.peers(), options.rate(), options.rate(), options.rate());
      network.add(Stage.STRANGER, options.rate(), options.rate());
      report.printHead();
      for (FaultCase which : options.cases()) {
        Path directory = work.directory().resolve("case");
        try (Stage stage = new Stage(options, network, which, directory)) {
          report.add(stage.play());
        }
        Directories.delete(directory);
      }
    }
    report.write();
    return report.allHold();
  }
}
