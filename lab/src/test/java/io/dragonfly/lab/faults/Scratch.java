package io.dragonfly.lab.faults;

import io.dragonfly.common.file.Directories;
import io.dragonfly.daemon.output.OutputException;
import io.dragonfly.daemon.output.OutputFile;
import io.dragonfly.daemon.output.OutputTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Where tests write: a short path, for sockets, and where a killed daemon leaves nothing behind.
 */
final class Scratch {
  /** Of a directory in which sockets of named daemons fit. */
  private static final int LONGEST = 70;

  private Scratch() {}

  /**
   * A new directory among the temporary ones; below {@code target} when their file system has no
   * files without a name and that one has.
   */
  static Path directory() throws IOException {
    Path usual = Files.createTempDirectory("df");
    if (hasNamelessFiles(usual)) {
      return usual;
    }
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    Path near = Files.createTempDirectory(target, "df");
    boolean better = near.toString().length() <= LONGEST && hasNamelessFiles(near);
    Directories.delete(better ? usual : near);
    return better ? near : usual;
  }

  /** Whether outputs have no name here before they are whole; else a kill leaves one behind. */
  static boolean hasNamelessFiles(Path directory) throws IOException {
    try (OutputFile _ =
            OutputFile.create(new OutputTarget(directory.resolve("probe"), false, false));
        Stream<Path> files = Files.list(directory)) {
      return files.noneMatch(file -> file.getFileName().toString().startsWith(".dragonfly-"));
    } catch (OutputException e) {
      throw new IOException(e);
    }
  }
}
