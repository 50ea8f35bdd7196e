package io.dragonfly.lab.process;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.lifecycle.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** What all commands of the lab do around their work: help, version, and errors in one line. */
public final class CommandLine {
  /** The work of a command. */
  @FunctionalInterface
  public interface Body {
    ExitCode run(ParsedFlags parsed)
        throws UsageException, IOException, StartException, InterruptedException;
  }

  private CommandLine() {}

  /**
   * Runs a command.
   *
   * @param name as the user calls it, such as {@code lab swarm}
   * @return the exit code
   */
  public static int run(String name, Flags flags, Body body, String... args)
      throws InterruptedException {
    try {
      ParsedFlags parsed = flags.parse(args);
      if (parsed.wantsHelp()) {
        System.out.print(flags.help());
        return ExitCode.OK.value();
      }
      if (parsed.wantsVersion()) {
        System.out.println(BuildInfo.load().line("dragonfly"));
        return ExitCode.OK.value();
      }
      return body.run(parsed).value();
    } catch (UsageException e) {
      System.err.println(name + ": " + e.getMessage());
      System.err.println("Try 'dragonfly " + name + " --help'.");
      return ExitCode.USAGE.value();
    } catch (IOException | StartException e) {
      System.err.println(name + ": " + e.getMessage());
      return ExitCode.FAILED.value();
    }
  }

  /** An option's value as {@code reader} understands it. */
  public static <T> T read(ParsedFlags parsed, String option, Function<String, T> reader)
      throws UsageException {
    try {
      return reader.apply(parsed.string(option));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw parsed.invalid(option, String.valueOf(e.getMessage()));
    }
  }

  /** The directory of {@code --report}, which can be made and written. */
  public static Path report(ParsedFlags parsed) throws UsageException {
    Path directory = read(parsed, "report", Path::of).toAbsolutePath().normalize();
    Path there = directory;
    while (there.getParent() != null && !Files.exists(there)) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there)) {
      throw parsed.invalid("report", "expected a directory, and " + there + " is none");
    }
    if (!Files.isWritable(there)) {
      throw parsed.invalid("report", "this user may not write to " + there);
    }
    return directory;
  }
}
