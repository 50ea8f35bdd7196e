package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Rate;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Some of the cases in a small shaped network; all of them take minutes. */
final class FaultsRunTest {
  private static final List<String> CASES =
      List.of("peer-killed", "parent-flips-bits", "origin-changes");

  /** Of a process that never was: beyond what the kernel gives (see proc(5), pid_max). */
  private static final String LEFT = "dflab-99999999-1";

  @TempDir Path directory;

  @BeforeEach
  void needsRoot() {
    ShapedNetwork.obstacle().ifPresent(why -> abort(why));
  }

  @Test
  void theInvariantsHoldAndNothingIsLeft() throws Exception {
    FaultOptions options =
        new FaultOptions(
            /* peers= */ 2,
            Rate.parse("50mbit"),
            Duration.ZERO,
            FaultOptions.SMALLEST,
            FaultCases.all().stream().filter(one -> CASES.contains(one.name())).toList(),
            Launcher.ofClassPath(),
            Path.of("/tmp"),
            directory.resolve("report"));
    Tool.IP.run("netns", "add", LEFT);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();

    boolean holds =
        new FaultsRun(options, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();

    String text = printed.toString(StandardCharsets.UTF_8);
    assertThat(holds).as(text).isTrue();
    assertThat(text).contains(CASES).contains("holds").doesNotContain("FAILS");
    JsonNode cases =
        new JsonMapper().readTree(options.report().resolve("faults.json").toFile()).get("cases");
    assertThat(cases.size()).isEqualTo(CASES.size());
    for (JsonNode one : cases) {
      assertThat(one.get("flaws").size()).isZero();
      assertThat(one.get("originBytes").asLong())
          .isBetween(options.size(), one.get("allowedBytes").asLong());
    }
    assertThat(Path.of("/tmp", "lab-" + ProcessHandle.current().pid())).doesNotExist();
    assertThat(Tool.IP.run("netns", "list"))
        .doesNotContain("dflab-" + ProcessHandle.current().pid() + "-")
        .doesNotContain(LEFT);
  }
}
