package io.dragonfly.lab.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class GrowthTest {
  private static final long MB = 1_000_000;

  private static Growth of(long firstMb, long perSampleMb, long descriptors, long perSample) {
    Growth growth = new Growth();
    for (int i = 0; i < 30; i++) {
      growth.add((firstMb + i * perSampleMb) * MB, descriptors + i * perSample);
    }
    return growth;
  }

  @Test
  void whatStaysIsSteady() {
    assertThat(of(120, 0, 90, 0).isSteady()).isTrue();
    assertThat(of(120, 0, 90, 0).text()).startsWith("steady");
  }

  @Test
  void whatGrowsIsNamed() {
    assertThat(of(120, 5, 90, 0).isSteady()).isFalse();
    assertThat(of(120, 0, 90, 10).isSteady()).isFalse();
    assertThat(of(120, 5, 90, 0).text()).startsWith("GROWS");
  }

  @Test
  void gettingWarmIsNoGrowth() {
    Growth growth = new Growth();
    for (int i = 0; i < 30; i++) {
      growth.add((i < 8 ? 20 * i : 180) * MB, 100);
    }
    assertThat(growth.isSteady()).isTrue();
  }

  @Test
  void fewSamplesSayNothing() {
    Growth growth = new Growth();
    growth.add(1, 1);
    assertThat(growth.isSteady()).isTrue();
    assertThat(growth.text()).contains("too few samples");
  }

  @Test
  void theCommandSaysWhatIsWrongWithItsOptions() throws InterruptedException {
    assertThat(SoakCommand.run(Path.of("nowhere"), "--minutes", "0")).isEqualTo(2);
    assertThat(SoakCommand.run(Path.of("nowhere"), "--help")).isZero();
  }
}
