package io.dragonfly.dist;

import io.dragonfly.cli.Terminal;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.Durations;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import java.time.Duration;

/**
 * {@code dragonfly demo [URL]}: several peers download one file at once, and at the end a table
 * says how often the origin was read for it. Exit code 1 if any download failed or differs.
 */
final class Demo {
  private Demo() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly demo",
            "Starts a scheduler, a seed and peers on this machine, lets all peers download the same"
                + " content at once, and shows where the bytes came from. Leaves nothing behind.")
        .optionalPositional(
            "URL", "What to download; by default the demo serves content of its own")
        .group(
            "Options",
            Flag.value("peers", "COUNT").defaultsTo("3").help("How many peers download, 1 to 32"),
            Flag.value("size", "SIZE")
                .defaultsTo("256MiB")
                .help("Length of the demo's own content"),
            Flag.toggle("no-range").help("The demo's origin gives its content only as a whole"),
            Flag.value("seed-delay", "TIME")
                .defaultsTo("0s")
                .help("Start the seed so much later than the downloads"),
            Flag.toggle("no-progress").help("Show only the table"));
  }

  static int run(String[] args) {
    Flags flags = flags();
    ParsedFlags parsed;
    DemoOptions options;
    try {
      parsed = flags.parse(args);
      if (parsed.wantsHelp()) {
        System.out.print(flags.help());
        return 0;
      }
      if (parsed.wantsVersion()) {
        System.out.println(BuildInfo.load().line("dragonfly"));
        return 0;
      }
      options = options(parsed);
    } catch (UsageException e) {
      System.err.println("demo: " + e.getMessage());
      System.err.println("Try 'dragonfly demo --help'.");
      return 2;
    }
    return new DemoRun(options, Terminal.ofProcess(), !parsed.isOn("no-progress")).run();
  }

  private static DemoOptions options(ParsedFlags parsed) throws UsageException {
    long length;
    Duration seedDelay;
    try {
      length = ByteSize.parse(parsed.string("size")).bytes();
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("size", String.valueOf(e.getMessage()));
    }
    if (length > DemoOptions.LONGEST) {
      throw parsed.invalid("size", "expected at most 64GiB");
    }
    try {
      seedDelay = Durations.parse(parsed.string("seed-delay"));
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("seed-delay", String.valueOf(e.getMessage()));
    }
    return new DemoOptions(
        parsed.positional(0),
        (int) parsed.number("peers", 1, DemoOptions.MOST_PEERS),
        length,
        !parsed.isOn("no-range"),
        seedDelay);
  }
}
