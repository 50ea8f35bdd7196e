package io.dragonfly.dist;

import io.dragonfly.cli.Dfget;
import io.dragonfly.cli.setup.Setup;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.daemon.DaemonMain;
import io.dragonfly.scheduler.SchedulerMain;
import java.util.Arrays;

/** {@code dragonfly ROLE [ARGUMENTS...]}: every program of the distribution. */
public final class Main {
  private static final String HELP =
      """
      Usage: dragonfly COMMAND [OPTIONS...]

      Try it
        demo          Download a file to several peers at once, all on this machine
        standalone    Run a scheduler and a daemon in one process, for this user
        doctor        Check the daemon, its cluster and this machine, and say what helps

      Use it
        dfget         Download a file
        setup         Let containerd, Docker, Podman, pip and others pull through the daemon

      Run it
        dfdaemon      The peer daemon and the seed peer
        scheduler     The scheduler
        ca            'ca export' prints the certificate that clients of the HTTPS proxy trust

        version       Print the version
        help          Print this text

      'dragonfly COMMAND --help' says more about each.
      """;

  private Main() {}

  public static void main(String[] args) {
    String command = args.length == 0 ? "help" : args[0];
    String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
    switch (command) {
      case "dfget" -> Dfget.main(rest);
      case "setup" -> Setup.main(rest);
      case "dfdaemon" -> DaemonMain.main(rest);
      case "scheduler" -> System.exit(SchedulerMain.main(rest, System.out, System.err));
      case "standalone" -> System.exit(Standalone.run(rest));
      case "doctor" -> System.exit(Doctor.run(rest));
      case "demo" -> System.exit(Demo.run(rest));
      case "ca" -> System.exit(AuthorityCommand.run(rest, System.out, System.err));
      case "training" -> Training.run(rest);
      case "version", "--version", "-V" -> System.out.println(BuildInfo.load().line("dragonfly"));
      case "help", "--help", "-h" -> System.out.print(HELP);
      default -> {
        System.err.println("dragonfly: there is no command '" + command + "'.");
        System.err.println("Try 'dragonfly help'.");
        System.exit(2);
      }
    }
  }
}
