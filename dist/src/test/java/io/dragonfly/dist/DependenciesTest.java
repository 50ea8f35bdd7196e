package io.dragonfly.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each library that a module takes has its reason written down. */
final class DependenciesTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern DEPENDENCY =
      Pattern.compile(
          "<dependency>\\s*<groupId>([^<]+)</groupId>\\s*<artifactId>([^<]+)</artifactId>");

  @Test
  void everyDependencyHasALine() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/dependencies.md"));
    List<String> unnamed = new ArrayList<>();
    int seen = 0;
    for (Path pom : poms()) {
      Matcher matcher = DEPENDENCY.matcher(Files.readString(pom));
      while (matcher.find()) {
        String group = matcher.group(1);
        String artifact = matcher.group(2);
        if (!group.equals("io.dragonfly") && !artifact.endsWith("-bom")) {
          seen++;
          if (!isNamed(page, artifact)) {
            unnamed.add(pom + " " + group + ":" + artifact);
          }
        }
      }
    }
    assertThat(seen).isGreaterThan(20);
    assertThat(unnamed).isEmpty();
  }

  /** By its name, as the end of a family's name ({@code -stub}), or by a wildcard. */
  private static boolean isNamed(String page, String artifact) {
    int dash = artifact.lastIndexOf('-');
    return page.contains(artifact)
        || (dash > 0 && page.contains("`" + artifact.substring(dash) + "`"))
        || (artifact.startsWith("prometheus-metrics-") && page.contains("prometheus-metrics-*"));
  }

  private static List<Path> poms() throws IOException {
    try (Stream<Path> files = Files.find(ROOT, 2, (path, _) -> path.endsWith("pom.xml"))) {
      return files.sorted().toList();
    }
  }
}
