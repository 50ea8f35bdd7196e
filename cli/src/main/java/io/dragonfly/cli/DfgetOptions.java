package io.dragonfly.cli;

import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.Durations;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** dfget's command line: upstream's names, letters, variables and defaults, and what must hold. */
final class DfgetOptions {
  private static final long SHORTEST_PIECE = 4 << 20;
  private static final long HIGHEST_RATE = 1L << 50;
  private static final Duration LONGEST_TIMEOUT = Duration.ofDays(365);

  private DfgetOptions() {}

  static Flags flags() {
    return new Flags(
            "dfget",
            "Downloads a file through the Dragonfly daemon of this host, and from the origin itself"
                + " when no daemon runs.")
        .positional("URL", "Where the content is, such as https://host/path")
        .group(
            "Output",
            Flag.value("output", "PATH")
                .letter('O')
                .required()
                .help("The file to make; it appears when it is whole and verified"),
            Flag.toggle("overwrite")
                .env("DFGET_OVERWRITE")
                .help("Replace the file if there is one already"),
            Flag.value("digest", "ALGORITHM:VALUE")
                .help("Verify the content: sha256:<hex>, sha512:<hex> or crc32:<decimal>"),
            Flag.toggle("transfer-from-dfdaemon")
                .env("DFGET_TRANSFER_FROM_DFDAEMON")
                .help(
                    "Take the content over the socket instead of letting the daemon write the file"),
            Flag.toggle("force-hard-link")
                .env("DFGET_FORCE_HARD_LINK")
                .help("Hard-link the file from the daemon's store, or fail"),
            Flag.toggle("no-progress").env("DFGET_NO_PROGRESS").help("Draw no progress bar"))
        .group(
            "Origin",
            Flag.value("header", "'NAME: VALUE'")
                .letter('H')
                .repeatable()
                .help("Send this header to the origin; may be repeated"),
            Flag.toggle("disable-back-to-source")
                .env("DFGET_DISABLE_BACK_TO_SOURCE")
                .help("Fail rather than read the origin from this host"),
            Flag.value("timeout", "TIME")
                .defaultsTo("2h")
                .env("DFGET_TIMEOUT")
                .help("Give up after this time, such as 30s, 10m or 2h"))
        .group(
            "Rate",
            Flag.value("limit-rate", "SIZE")
                .env("DFGET_LIMIT_RATE")
                .help(
                    "Bytes per second that may come to this host for it, such as 10MiB; others who"
                        + " download the same are not held back"))
        .group(
            "Task",
            Flag.value("application", "NAME")
                .env("DFGET_APPLICATION")
                .help("Who downloads; part of the task's id"),
            Flag.value("tag", "TAG")
                .env("DFGET_TAG")
                .help("Keeps downloads of one URL apart; part of the task's id"),
            Flag.value("filtered-query-param", "NAME")
                .repeatable()
                .help(
                    "Leave this query parameter out of the task's id; may be repeated, and replaces"
                        + " the built-in list of signature parameters"),
            Flag.value("content-for-calculating-task-id", "TEXT")
                .env("DFGET_CONTENT_FOR_CALCULATING_TASK_ID")
                .help("Make the task's id of this text alone"),
            Flag.value("piece-length", "SIZE")
                .env("DFGET_PIECE_LENGTH")
                .help("Length of a piece, 4MiB or more; by default it follows from the content's"),
            Flag.value("priority", "0..6")
                .letter('p')
                .defaultsTo("6")
                .env("DFGET_PRIORITY")
                .help(
                    "How the scheduler treats content that no host holds yet: 1 forbids it, 2 forbids"
                        + " to read the origin for it, 3 lets this host read it, others a seed"))
        .group(
            "Daemon",
            Flag.value("endpoint", "SOCKET")
                .letter('e')
                .env("DFGET_ENDPOINT")
                .help(
                    "The daemon's unix socket; by default /var/run/dragonfly/dfdaemon.sock, then"
                        + " ~/.dragonfly/dfdaemon.sock"),
            Flag.toggle("console").env("DFGET_CONSOLE").help("Say on stderr what is being done"),
            Flag.value("log-level", "LEVEL")
                .letter('l')
                .defaultsTo("info")
                .env("DFGET_LOG_LEVEL")
                .help("What --console says: trace, debug, info, warn, error or off"),
            Flag.value("max-concurrent-requests", "COUNT")
                .defaultsTo("5")
                .env("DFGET_MAX_CONCURRENT_REQUESTS")
                .hidden());
  }

  /**
   * Makes the request.
   *
   * @throws UsageException if a value cannot be read
   * @throws DownloadFailure if it cannot be done
   */
  static DownloadSpec spec(ParsedFlags flags, Path directory)
      throws UsageException, DownloadFailure {
    int priority = (int) flags.number("priority", 0, 6);
    Duration timeout = timeout(flags);
    OptionalLong pieceLength = pieceLength(flags);
    Optional<String> digest = digest(flags);
    List<String> headers = flags.values("header");
    for (String header : headers) {
      if (header.indexOf(':') < 1) {
        // The header itself may be a secret that lost its name: it is not repeated.
        throw DownloadFailure.of("-H takes 'Name: value', and one of them has no name and ':'");
      }
    }
    String url = flags.argument(0);
    checkUrl(url);
    Path output = output(flags, directory);
    boolean overwrite = flags.isOn("overwrite");
    checkOutput(output, overwrite);
    boolean forceHardLink = flags.isOn("force-hard-link");
    boolean stream = flags.isOn("transfer-from-dfdaemon");
    if (forceHardLink && stream) {
      throw new UsageException(
          "--force-hard-link and --transfer-from-dfdaemon exclude each other: a hard link is made"
              + " by the daemon");
    }
    return new DownloadSpec(
        url,
        output,
        overwrite,
        forceHardLink,
        stream,
        digest,
        flags.value("tag"),
        flags.value("application"),
        priority,
        pieceLength,
        headers,
        flags.isGiven("filtered-query-param")
            ? Optional.of(flags.values("filtered-query-param"))
            : Optional.empty(),
        flags.isOn("disable-back-to-source"),
        timeout,
        flags.value("content-for-calculating-task-id"),
        rate(flags));
  }

  /**
   * Whether to say what is being done: all that dfget says of itself are infos.
   *
   * @throws UsageException if there is no such level
   */
  static boolean isTalkative(ParsedFlags flags) throws UsageException {
    try {
      LogLevel level = LogLevel.parse(flags.string("log-level"));
      return flags.isOn("console") && level.compareTo(LogLevel.INFO) >= 0;
    } catch (IllegalArgumentException e) {
      throw flags.invalid("log-level", String.valueOf(e.getMessage()));
    }
  }

  private static Duration timeout(ParsedFlags flags) throws UsageException {
    Duration timeout;
    try {
      timeout = Durations.parse(flags.string("timeout"));
    } catch (IllegalArgumentException e) {
      throw flags.invalid("timeout", String.valueOf(e.getMessage()));
    }
    if (timeout.toMillis() < 1 || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
      throw flags.invalid("timeout", "expected more than nothing and at most 365 days");
    }
    return timeout;
  }

  private static OptionalLong pieceLength(ParsedFlags flags)
      throws UsageException, DownloadFailure {
    Optional<String> text = flags.value("piece-length");
    if (text.isEmpty()) {
      return OptionalLong.empty();
    }
    long length;
    try {
      length = ByteSize.parse(text.get()).bytes();
    } catch (IllegalArgumentException e) {
      throw flags.invalid("piece-length", String.valueOf(e.getMessage()));
    }
    if (length < SHORTEST_PIECE) {
      throw DownloadFailure.of(
          "--piece-length " + text.get() + " is too short: pieces have 4MiB or more");
    }
    return OptionalLong.of(length);
  }

  private static OptionalLong rate(ParsedFlags flags) throws UsageException {
    Optional<String> text = flags.value("limit-rate");
    if (text.isEmpty()) {
      return OptionalLong.empty();
    }
    long rate;
    try {
      rate = ByteSize.parse(text.get()).bytes();
    } catch (IllegalArgumentException e) {
      throw flags.invalid("limit-rate", String.valueOf(e.getMessage()));
    }
    if (rate < 1 || rate > HIGHEST_RATE) {
      throw flags.invalid("limit-rate", "expected 1 byte to 1PiB per second");
    }
    return OptionalLong.of(rate);
  }

  private static Optional<String> digest(ParsedFlags flags) throws DownloadFailure {
    Optional<String> text = flags.value("digest");
    if (text.isPresent()) {
      try {
        return Optional.of(Digest.parse(text.get()).toString());
      } catch (IllegalArgumentException e) {
        throw new DownloadFailure(DownloadFailure.Reason.FAILED, "--digest: " + e.getMessage(), e);
      }
    }
    return text;
  }

  private static void checkUrl(String url) throws DownloadFailure {
    int scheme = url.indexOf("://");
    if (scheme < 1 || scheme + 3 == url.length()) {
      throw DownloadFailure.of(
          "'"
              + DownloadSpec.shown(url)
              + "' is no absolute URL: expected something like https://host/path");
    }
  }

  private static Path output(ParsedFlags flags, Path directory) throws DownloadFailure {
    String text = flags.string("output");
    if (text.isEmpty()) {
      throw DownloadFailure.of("-O is empty: name the file to make");
    }
    try {
      return directory.resolve(text).normalize();
    } catch (InvalidPathException e) {
      throw new DownloadFailure(
          DownloadFailure.Reason.FAILED, "-O is no path: " + e.getReason(), e);
    }
  }

  private static void checkOutput(Path output, boolean overwrite) throws DownloadFailure {
    if (Files.isDirectory(output)) {
      throw DownloadFailure.of(
          output
              + " is a directory: name the file to make in it, for dfget takes one file at a time");
    }
    Path parent = output.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw DownloadFailure.of(
          "the directory " + parent + " does not exist: make it first, or choose another output");
    }
    if (Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
      if (!overwrite) {
        throw DownloadFailure.of(output + " exists already: pass --overwrite to replace it");
      }
      if (!Files.isRegularFile(output)) {
        throw DownloadFailure.of(output + " is not a regular file and is not replaced");
      }
    }
    if (!Files.isWritable(parent)) {
      throw DownloadFailure.of("you may not write to the directory " + parent);
    }
  }
}
