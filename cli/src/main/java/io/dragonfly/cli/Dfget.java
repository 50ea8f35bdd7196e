package io.dragonfly.cli;

import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code dfget URL -O PATH}: downloads one file. Exit codes: 0 the file is there, 1 it is not (one
 * line on stderr says why), 2 the command line is wrong.
 */
public final class Dfget {
  private static final String SELECTORS = "java.nio.channels.spi.SelectorProvider";
  private static final String LINUX_SELECTORS = "sun.nio.ch.EPollSelectorProvider";

  private Dfget() {}

  public static void main(String[] args) {
    chooseProviders();
    Terminal terminal = Terminal.ofProcess();
    int code = run(args, terminal);
    terminal.out().flush();
    terminal.err().flush();
    if (code == ExitCode.OK.value()) {
      // All is done and closed. An exit would ask for a logger, and so open every jar.
      Runtime.getRuntime().halt(code);
    }
    System.exit(code);
  }

  /**
   * Says by system properties what would be looked for in every jar of the class path, for that is
   * a good part of the start: who gives us sockets, where it is the usual one, and where the logs
   * of libraries go, which would print to our output.
   */
  public static void chooseProviders() {
    if (System.getProperty("slf4j.provider") == null) {
      System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
      System.setProperty("slf4j.internal.verbosity", "ERROR");
    }
    try {
      if (System.getProperty(SELECTORS) == null) {
        Class.forName(LINUX_SELECTORS, /* initialize= */ false, /* loader= */ null);
        System.setProperty(SELECTORS, LINUX_SELECTORS);
      }
    } catch (ClassNotFoundException e) {
      // Another system: it is looked for.
    }
  }

  /** Runs the program; returns its exit code. */
  public static int run(String[] args, Terminal terminal) {
    Flags flags = DfgetOptions.flags();
    DownloadSpec spec;
    ParsedFlags parsed;
    boolean talkative;
    try {
      parsed = flags.parse(Arrays.asList(args), terminal.environment());
      if (parsed.wantsHelp()) {
        terminal.out().print(flags.help());
        return ExitCode.OK.value();
      }
      if (parsed.wantsVersion()) {
        terminal.out().println(BuildInfo.load().line("dfget"));
        return ExitCode.OK.value();
      }
      talkative = DfgetOptions.isTalkative(parsed);
      spec = DfgetOptions.spec(parsed, terminal.directory());
    } catch (UsageException e) {
      terminal.err().println("dfget: " + e.getMessage() + "\nTry 'dfget --help'.");
      return ExitCode.USAGE.value();
    } catch (DownloadFailure e) {
      terminal.err().println("dfget: " + e.getMessage());
      return ExitCode.FAILED.value();
    }
    return download(spec, parsed, talkative, terminal);
  }

  private static int download(
      DownloadSpec spec, ParsedFlags parsed, boolean talkative, Terminal terminal) {
    long begin = System.nanoTime();
    @Nullable ProgressBar bar = null;
    if (terminal.interactive() && !parsed.isOn("no-progress")) {
      bar = new ProgressBar(terminal.err(), terminal::columns, System::nanoTime);
    }
    try (Ticker ticker = new Ticker(bar, spec.timeout().toNanos())) {
      Optional<String> endpoint = parsed.value("endpoint");
      Fetch fetch = new Fetch(spec, endpoint, terminal, bar, ticker, talkative);
      try {
        Outcome outcome = fetch.run();
        clear(bar);
        long millis = (System.nanoTime() - begin) / 1_000_000;
        terminal.out().println(Summary.line(spec.output(), outcome, millis));
        return ExitCode.OK.value();
      } catch (DownloadFailure e) {
        clear(bar);
        terminal.err().println("dfget: " + Summary.failure(spec, e, ticker.isExpired()));
        return ExitCode.FAILED.value();
      }
    }
  }

  private static void clear(@Nullable ProgressBar bar) {
    if (bar != null) {
      bar.clear();
    }
  }
}
