package io.dragonfly.lab.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CostTest {
  @Test
  void countsTheProcessorTimeOfTheCommandAndOfWhatItRuns() throws Exception {
    // The command's own output must not be taken for the account of its times.
    String busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo 59m59.999s 0m0.000s";
    Cost direct = Cost.of(List.of("sh", "-c", busy));
    assertThat(direct.cpuSeconds()).isGreaterThan(0).isLessThan(600);
    assertThat(direct.millis()).isGreaterThan(0);
    Cost child = Cost.of(List.of("sh", "-c", "sh -c '" + busy + "'; true"));
    assertThat(child.cpuSeconds()).isGreaterThan(0).isLessThan(600);
  }

  @Test
  void failsWithTheCodeAndTheErrorsOfTheCommand() {
    assertThatThrownBy(() -> Cost.of(List.of("sh", "-c", "echo broken >&2; exit 7")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("failed with 7")
        .hasMessageContaining("broken");
  }
}
