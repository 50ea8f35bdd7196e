package io.dragonfly.lab.faults;

import io.dragonfly.lab.origin.LabContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * How a dfget ended.
 *
 * @param text all that it printed
 * @param output the file that it was to make
 */
record DfgetEnd(int exitCode, String text, Path output) {
  boolean succeeded() {
    return exitCode == 0;
  }

  /**
   * What is wrong when it should have brought a content; empty when nothing is.
   *
   * @param sha256 of the contents that are right, in hex
   */
  Optional<String> flawAsSuccess(Set<String> sha256) throws IOException {
    if (!succeeded()) {
      return Optional.of("exit code " + exitCode + ": " + text.strip());
    }
    String brought = LabContent.sha256(output);
    return sha256.contains(brought)
        ? Optional.empty()
        : Optional.of("wrong bytes: SHA-256 " + brought);
  }

  /** What is wrong when it should have failed with one clear error; empty when nothing is. */
  Optional<String> flawAsError() {
    if (exitCode != 1 && exitCode != 2) {
      return Optional.of("exit code " + exitCode + " where an error was due: " + text.strip());
    }
    if (text.contains("\tat ")) {
      return Optional.of("a stack trace is not a clear error: " + text.strip());
    }
    if (text.lines().filter(line -> line.startsWith("dfget: ")).count() != 1) {
      return Optional.of("not one clear error: " + text.strip());
    }
    return Files.exists(output)
        ? Optional.of("it failed and left " + output.getFileName())
        : Optional.empty();
  }
}
