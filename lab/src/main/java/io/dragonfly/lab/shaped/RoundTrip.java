package io.dragonfly.lab.shaped;

import io.dragonfly.common.config.Durations;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.lab.process.CommandLine;
import java.time.Duration;

/** The option {@code --rtt} of commands that use a shaped network. */
public final class RoundTrip {
  private static final String OPTION = "rtt";
  private static final Duration LONGEST = Duration.ofSeconds(2);

  private RoundTrip() {}

  public static Flag flag() {
    return Flag.value(OPTION, "TIME")
        .defaultsTo("0s")
        .help("What the way from one host to another and back takes, beside queues");
  }

  /** What the command line says. */
  public static Duration read(ParsedFlags parsed) throws UsageException {
    Duration time = CommandLine.read(parsed, OPTION, Durations::parse);
    if (time.isNegative() || time.compareTo(LONGEST) > 0) {
      throw parsed.invalid(OPTION, "expected a time from 0s to 2s");
    }
    return time;
  }
}
