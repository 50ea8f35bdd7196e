package io.dragonfly.cli.setup;

import io.dragonfly.cli.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Runs of the program on a directory that stands for /. */
final class SetupRun {
  private final Path root;
  String out = "";
  String err = "";

  SetupRun(Path root) {
    this.root = root;
  }

  /** Runs it; the arguments are parted by spaces. */
  int run(String arguments) {
    return runRaw(arguments + " --root " + root, Map.of("HOME", "/home/me"));
  }

  int runRaw(String arguments, Map<String, String> environment) {
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(outBytes, true, StandardCharsets.UTF_8),
            new PrintStream(errBytes, true, StandardCharsets.UTF_8),
            environment,
            root,
            /* interactive= */ false);
    int code = Setup.run(arguments.split(" "), terminal);
    out = outBytes.toString(StandardCharsets.UTF_8);
    err = errBytes.toString(StandardCharsets.UTF_8);
    return code;
  }

  void write(String file, String text) {
    try {
      Path path = root.resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String read(String file) throws IOException {
    return Files.readString(root.resolve(file));
  }

  /** Everything below the root, directories with a slash and no content. */
  Map<String, String> tree() throws IOException {
    Map<String, String> tree = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        boolean directory = Files.isDirectory(path);
        tree.put(
            root.relativize(path) + (directory ? "/" : ""),
            directory ? "" : Files.readString(path));
      }
    }
    return tree;
  }
}
