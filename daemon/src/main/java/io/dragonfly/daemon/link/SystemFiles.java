package io.dragonfly.daemon.link;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads what Linux tells in small files below one root; whatever is missing or odd is absent. */
final class SystemFiles {
  private final Path root;

  /**
   * @param root {@code /} except in tests
   */
  SystemFiles(Path root) {
    this.root = root;
  }

  Optional<String> text(String path) {
    try {
      return Optional.of(Files.readString(root.resolve(path), StandardCharsets.UTF_8).strip());
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }

  OptionalLong number(String path) {
    return text(path).map(SystemFiles::parse).orElse(OptionalLong.empty());
  }

  /** The values of lines such as {@code MemTotal: 16384 kB}, in bytes. */
  Map<String, Long> memoryInfo() {
    Map<String, Long> values = new HashMap<>();
    for (String line : text("proc/meminfo").orElse("").split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        String[] words = line.substring(colon + 1).strip().split(" ", 2);
        parse(words[0]).ifPresent(kib -> values.put(line.substring(0, colon), kib << 10));
      }
    }
    return values;
  }

  /** A key of {@code /etc/os-release}, without its quotes. */
  Optional<String> osRelease(String key) {
    for (String line : text("etc/os-release").orElse("").split("\n", -1)) {
      if (line.startsWith(key + "=")) {
        return Optional.of(line.substring(key.length() + 1).replace("\"", ""));
      }
    }
    return Optional.empty();
  }

  private static OptionalLong parse(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
