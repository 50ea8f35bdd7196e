package io.dragonfly.cli;

import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import java.nio.file.Path;
import java.util.OptionalInt;

/** The last words of a download. */
final class Summary {
  private Summary() {}

  /**
   * Such as {@code out.bin: 256.0 MiB in 1.2 s (213.3 MiB/s), 75% from peers, 25% from the seed}.
   */
  static String line(Path output, Outcome outcome, long millis) {
    String text =
        output
            + ": "
            + Amounts.bytes(outcome.bytes())
            + " in "
            + Amounts.time(millis)
            + " ("
            + Amounts.rate(outcome.bytes() * 1000.0 / Math.max(1, millis))
            + ")";
    String shares = Amounts.shares(outcome.shares());
    return shares.isEmpty() ? text : text + ", " + shares;
  }

  /** Why there is no file, with the origin's status where it gave one. */
  static String failure(DownloadSpec spec, DownloadFailure failure, boolean expired) {
    if (expired) {
      return "gave up on "
          + spec.shownUrl()
          + " after "
          + Amounts.time(spec.timeout().toMillis())
          + "; --timeout sets the limit";
    }
    String message = String.valueOf(failure.getMessage());
    OptionalInt status = failure.originStatus();
    if (status.isPresent() && !message.contains(Integer.toString(status.getAsInt()))) {
      message += " (the origin answered " + status.getAsInt() + ")";
    }
    return message;
  }
}
