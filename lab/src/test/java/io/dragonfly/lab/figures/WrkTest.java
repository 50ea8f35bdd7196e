package io.dragonfly.lab.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class WrkTest {
  @Test
  void readsTheSums() throws IOException {
    Wrk.Load load = Wrk.load("Running 5s test\nsums 1000 64000000 2000000 1500 20000 0\n");
    assertThat(load).isEqualTo(new Wrk.Load(500, 32_000_000, 1.5, 20));
  }

  @Test
  void failsWhenARequestDid() {
    assertThatThrownBy(() -> Wrk.load("sums 1000 64000000 2000000 1500 20000 3"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("requests of wrk failed");
    assertThatThrownBy(() -> Wrk.load("unable to connect")).isInstanceOf(IOException.class);
  }
}
