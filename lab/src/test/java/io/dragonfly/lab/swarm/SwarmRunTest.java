package io.dragonfly.lab.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Rate;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** All contenders in a small shaped network. Asserts on what they brought, never on their times. */
final class SwarmRunTest {
  private static final long SIZE = 9L << 20;

  @TempDir Path directory;

  @BeforeEach
  void needsRootAndTools() {
    ShapedNetwork.obstacle().ifPresent(why -> abort(why));
    try {
      Tool.require(Tool.NGINX, Tool.CURL, Tool.ARIA2, Tool.OPENTRACKER, Tool.MKTORRENT, Tool.SQUID);
    } catch (IOException e) {
      abort(String.valueOf(e.getMessage()));
    }
  }

  @Test
  void everyContenderBringsTheContentAndNothingIsLeft() throws Exception {
    Path work = Path.of("/tmp");
    Path report = directory.resolve("report");
    Rate rate = Rate.parse("200mbit");
    SwarmOptions options =
        new SwarmOptions(
            2,
            rate,
            rate,
            rate,
            Duration.ZERO,
            SIZE,
            3,
            Duration.ofMillis(100),
            List.of(Contender.Kind.values()),
            Optional.empty(),
            Launcher.ofClassPath(),
            work,
            report);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();

    new SwarmRun(options, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();

    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains("T* =", "dragonfly", "nginx+curl", "aria2", "mirror", "squid");
    JsonNode json = new JsonMapper().readTree(report.resolve("swarm.json").toFile());
    JsonNode rows = json.get("contenders");
    assertThat(rows.size()).isEqualTo(5);
    assertThat(rows.get(0).get("originRatio").asDouble()).isEqualTo(1.0);
    assertThat(rows.get(1).get("originRatio").asDouble()).isEqualTo(2.0);
    assertThat(rows.get(2).has("originRatio")).isFalse();
    assertThat(rows.get(3).get("originRatio").asDouble()).isEqualTo(1.0);
    assertThat(rows.get(4).get("originRatio").asDouble()).isEqualTo(1.0);
    for (JsonNode row : rows) {
      assertThat(row.get("downloads").size()).isEqualTo(2);
    }
    assertThat(report.resolve("swarm-dragonfly.svg")).content().contains("polyline");
    assertThat(work.resolve("lab-" + ProcessHandle.current().pid())).doesNotExist();
    String mine = "dflab-" + ProcessHandle.current().pid() + "-";
    assertThat(Tool.IP.run("netns", "list")).doesNotContain(mine);
    assertThat(Files.exists(report)).isTrue();
  }
}
