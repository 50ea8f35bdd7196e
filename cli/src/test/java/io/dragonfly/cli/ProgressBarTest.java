package io.dragonfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressBarTest {
  private static final long MIB = 1 << 20;

  private final ByteArrayOutputStream painted = new ByteArrayOutputStream();
  private final AtomicLong nanos = new AtomicLong();
  private final ProgressBar bar =
      new ProgressBar(new PrintStream(painted, true, StandardCharsets.UTF_8), () -> 80, nanos::get);

  private String painted() {
    String text = painted.toString(StandardCharsets.UTF_8);
    painted.reset();
    return text;
  }

  @Test
  void shortDownloadPaintsNothing() {
    bar.started(10);
    nanos.set(200_000_000);
    bar.progress(10);
    bar.clear();
    assertThat(painted()).isEmpty();
  }

  @Test
  void showsPercentRateAndWhenItWillEnd() {
    bar.started(100 * MIB);
    nanos.set(1_000_000_000);
    bar.progress(25 * MIB);
    assertThat(painted())
        .startsWith("\r 25% [======>")
        .contains("25.0 MiB of 100.0 MiB", "25.0 MiB/s", "eta 3.0 s");
  }

  @Test
  void paintsNoOftenerThanTenTimesASecond() {
    bar.started(100);
    nanos.set(1_000_000_000);
    bar.progress(1);
    assertThat(painted()).isNotEmpty();
    nanos.addAndGet(99_000_000);
    bar.progress(2);
    assertThat(painted()).isEmpty();
    nanos.addAndGet(1_000_000);
    bar.progress(3);
    assertThat(painted()).isNotEmpty();
  }

  @Test
  void rateSinksWhileNothingArrives() {
    bar.started(100 * MIB);
    nanos.set(1_000_000_000);
    bar.progress(50 * MIB);
    assertThat(painted()).contains("50.0 MiB/s");
    nanos.set(20_000_000_000L);
    bar.tick();
    assertThat(painted()).contains(" KiB/s");
  }

  @Test
  void clearRemovesTheLineForGood() {
    bar.started(100);
    nanos.set(1_000_000_000);
    bar.progress(1);
    int width = painted().length() - 1;
    bar.clear();
    assertThat(painted()).isEqualTo("\r" + " ".repeat(width) + "\r");
    nanos.set(5_000_000_000L);
    bar.tick();
    assertThat(painted()).isEmpty();
  }

  @Test
  void unknownLengthHasNoPercent() {
    assertThat(ProgressBar.line(-1, 3 * MIB, MIB, 79)).isEqualTo("3.0 MiB  1.0 MiB/s");
  }

  @Test
  void emptyContentIsDone() {
    assertThat(ProgressBar.line(0, 0, 0, 79)).startsWith("100% [===").doesNotContain(">", "eta");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 20, 40, 60, 79, 200, 1000})
  void lineIsNeverWiderThanTheTerminal(int width) {
    for (long bytes = 0; bytes <= 300; bytes += 50) {
      assertThat(ProgressBar.line(300, bytes, 17, width)).hasSizeLessThanOrEqualTo(width);
      assertThat(ProgressBar.line(-1, bytes, 17, width)).hasSizeLessThanOrEqualTo(width);
    }
  }
}
