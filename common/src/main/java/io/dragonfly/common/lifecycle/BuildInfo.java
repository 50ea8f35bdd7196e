package io.dragonfly.common.lifecycle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Which build this is. The build writes the resource: version, commit and the commit's date, a line
 * each.
 */
public record BuildInfo(String version, String commit, String date) {
  private static final String UNKNOWN = "unknown";

  public static BuildInfo load() {
    try (InputStream in = BuildInfo.class.getResourceAsStream("build-info")) {
      if (in != null) {
        String[] lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1);
        if (lines.length >= 3) {
          return new BuildInfo(lines[0].strip(), lines[1].strip(), lines[2].strip());
        }
      }
    } catch (IOException e) {
      // A program that cannot say its version still runs.
    }
    return new BuildInfo(UNKNOWN, UNKNOWN, UNKNOWN);
  }

  /** As {@code --version} prints it. */
  public String line(String program) {
    return program + " " + version + " (" + commit + ", " + date + ")";
  }
}
