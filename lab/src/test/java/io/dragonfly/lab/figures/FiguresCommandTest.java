package io.dragonfly.lab.figures;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class FiguresCommandTest {
  private static int run(String... args) throws InterruptedException {
    return FiguresCommand.run(Path.of("nowhere"), args);
  }

  @Test
  void saysHowToUseItAndWhatItIs() throws InterruptedException {
    // Were anything measured, it would fail: the distribution is nowhere.
    assertThat(run("--help")).isZero();
    assertThat(run("--version")).isZero();
  }

  @Test
  void measuresNothingWhenTheCommandLineIsWrong() throws InterruptedException {
    assertThat(run("--only", "memory,speed")).isEqualTo(2);
    assertThat(run("--only", "")).isEqualTo(2);
    assertThat(run("--runs", "0")).isEqualTo(2);
    assertThat(run("--runs", "101")).isEqualTo(2);
    assertThat(run("--fast")).isEqualTo(2);
  }
}
