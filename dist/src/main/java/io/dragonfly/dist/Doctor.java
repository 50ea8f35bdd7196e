package io.dragonfly.dist;

import io.dragonfly.cli.Terminal;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code dragonfly doctor}: looks whether all that a download needs is there, and says what helps
 * where it is not. Exit codes: 0 nothing failed, 1 something did, 2 the command line is wrong.
 */
final class Doctor {
  private Doctor() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly doctor",
            "Checks this host's daemon, its scheduler and seed, its disk and clock and the clients"
                + " that are set up, and pulls content through two daemons of the moment. Takes less"
                + " than a minute and leaves nothing behind.")
        .group(
            "What to look at",
            Flag.value("config", "FILE")
                .letter('c')
                .env("DFDAEMON_CONFIG")
                .help(
                    "The daemon's configuration; by default /etc/dragonfly/dfdaemon.yaml, else a"
                        + " standalone's below ~/.dragonfly"),
            Flag.value("dynconfig", "FILE")
                .env("DFDAEMON_DYNCONFIG")
                .help("The file that names the schedulers, where no manager is configured"),
            Flag.value("endpoint", "SOCKET")
                .letter('e')
                .help("The daemon's unix socket; by default that of its configuration"),
            Flag.toggle("no-pull").help("Pull nothing"))
        .group("Output", Flag.toggle("json").help("As JSON, at the end"));
  }

  static int run(String[] args) {
    return run(args, Terminal.ofProcess());
  }

  /** Runs the program; returns its exit code. */
  static int run(String[] args, Terminal terminal) {
    Flags flags = flags();
    try {
      ParsedFlags parsed = flags.parse(Arrays.asList(args), terminal.environment());
      if (parsed.wantsHelp()) {
        terminal.out().print(flags.help());
        return 0;
      }
      if (parsed.wantsVersion()) {
        terminal.out().println(BuildInfo.load().line("dragonfly"));
        return 0;
      }
      return run(parsed, terminal);
    } catch (UsageException e) {
      terminal.err().println("doctor: " + e.getMessage() + "\nTry 'dragonfly doctor --help'.");
      return 2;
    } catch (StartException | IOException e) {
      terminal.err().println("doctor: " + e.getMessage());
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private static int run(ParsedFlags parsed, Terminal terminal)
      throws StartException, IOException, InterruptedException {
    Patient patient = Patient.find(parsed, terminal);
    boolean json = parsed.isOn("json");
    List<Finding> findings = new ArrayList<>();
    Path directory = temporaryDirectory(terminal);
    Checkup checkup =
        new Checkup(
            patient,
            terminal.environment(),
            directory,
            finding -> {
              findings.add(finding);
              if (!json) {
                terminal.out().println(finding);
                terminal.out().flush();
              }
            });
    AtomicBoolean clean = new AtomicBoolean();
    Thread onExit = new Thread(() -> cleanUp(checkup, clean, terminal), "doctor-cleanup");
    Runtime.getRuntime().addShutdownHook(onExit);
    try (Logging _ =
        Logging.configure("doctor", LogOptions.files(LogLevel.INFO, directory.resolve("logs")))) {
      if (!json) {
        terminal.out().println("Looking at " + patient.source());
      }
      checkup.run(!parsed.isOn("no-pull"));
    } finally {
      cleanUp(checkup, clean, terminal);
    }
    boolean failed = findings.stream().anyMatch(one -> one.status() == Finding.Status.FAIL);
    if (json) {
      terminal.out().println(json(patient, findings, !failed));
    }
    return failed ? 1 : 0;
  }

  private static Path temporaryDirectory(Terminal terminal) throws IOException {
    // The sockets below it must not have long paths.
    String chosen = terminal.environment().getOrDefault("TMPDIR", "");
    return chosen.isEmpty()
        ? Files.createTempDirectory("dfdoctor-")
        : Files.createTempDirectory(Path.of(chosen), "dfdoctor-");
  }

  private static void cleanUp(Checkup checkup, AtomicBoolean clean, Terminal terminal) {
    if (clean.get()) {
      return;
    }
    try {
      checkup.cleanUp();
      clean.set(true);
    } catch (IOException e) {
      terminal.err().println("doctor: cannot remove its files: " + e.getMessage());
    }
  }

  private static String json(Patient patient, List<Finding> findings, boolean ok) {
    List<Map<String, String>> checks = new ArrayList<>();
    for (Finding finding : findings) {
      Map<String, String> check = new LinkedHashMap<>();
      check.put("check", finding.check());
      check.put("status", finding.status().toString());
      check.put("detail", finding.detail());
      check.put("remedy", finding.remedy());
      checks.add(check);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("ok", ok);
    all.put("configuration", patient.source());
    all.put("checks", checks);
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(all);
  }
}
