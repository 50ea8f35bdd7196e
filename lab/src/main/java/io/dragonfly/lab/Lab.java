package io.dragonfly.lab;

import io.dragonfly.lab.crashes.CrashesCommand;
import io.dragonfly.lab.faults.FaultsCommand;
import io.dragonfly.lab.figures.FiguresCommand;
import io.dragonfly.lab.pull.PullCommand;
import io.dragonfly.lab.sim.SimulateCommand;
import io.dragonfly.lab.soak.SoakCommand;
import io.dragonfly.lab.swarm.SwarmCommand;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * {@code dragonfly lab COMMAND}: what measures and breaks the system, from a checkout. Its first
 * argument is the unpacked distribution under test, which the launcher gives.
 */
public final class Lab {
  private static final String HELP =
      """
      Usage: dragonfly lab COMMAND [OPTIONS...]

        faults        What becomes of a swarm when something fails (needs root on Linux)
        crashes       What a daemon keeps that is killed again and again while it downloads
        simulate      A whole swarm on a virtual clock, with faults drawn from a seed
        figures       CPU, memory and time of our programs beside others and limits
        soak          Whether anything grows in a swarm that downloads for long
        pull          A cold layer through the registry mirror beside straight (needs root on Linux)
        swarm         A swarm in a shaped network beside its rivals (needs root on Linux)

      'dragonfly lab COMMAND --help' says more about each.
      """;

  private Lab() {}

  public static void main(String[] args) throws InterruptedException {
    String command = args.length < 2 ? "help" : args[1];
    String[] rest = args.length < 2 ? args : Arrays.copyOfRange(args, 2, args.length);
    switch (command) {
      case "swarm" -> System.exit(SwarmCommand.run(Path.of(args[0]), rest));
      case "pull" -> System.exit(PullCommand.run(Path.of(args[0]), rest));
      case "faults" -> System.exit(FaultsCommand.run(Path.of(args[0]), rest));
      case "crashes" -> System.exit(CrashesCommand.run(Path.of(args[0]), rest));
      case "simulate" -> System.exit(SimulateCommand.run(rest));
      case "figures" -> System.exit(FiguresCommand.run(Path.of(args[0]), rest));
      case "soak" -> System.exit(SoakCommand.run(Path.of(args[0]), rest));
      case "help", "--help", "-h" -> System.out.print(HELP);
      default -> {
        System.err.println("lab: there is no command " + command);
        System.err.print(HELP);
        System.exit(2);
      }
    }
  }
}
