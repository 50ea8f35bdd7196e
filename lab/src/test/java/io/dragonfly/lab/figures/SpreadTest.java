package io.dragonfly.lab.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class SpreadTest {
  private static Spread of(double... values) {
    Spread spread = new Spread();
    for (double value : values) {
      spread.add(value);
    }
    return spread;
  }

  @Test
  void saysLeastMiddleAndMostInWhateverOrderTheyCame() {
    assertThat(of(3, 1, 10, 2, 4).text(1)).isEqualTo("min 1.0, median 3.0, max 10.0");
    assertThat(of(7).text(0)).isEqualTo("min 7, median 7, max 7");
  }

  @Test
  void comparesWithALimit() {
    assertThat(of(75, 150, 300).textOf(150)).isEqualTo("min 0.50, median 1.00, max 2.00");
  }

  @Test
  void takesTheValueOfTheNearestRank() {
    Spread hundred = new Spread();
    for (int i = 100; i >= 0; i--) {
      hundred.add(i);
    }
    assertThat(hundred.at(0.99)).isEqualTo(99);
    assertThat(hundred.last()).isZero();
  }

  @Test
  void hasNothingToSayOfNothing() {
    assertThatThrownBy(() -> new Spread().median()).hasMessage("nothing was measured");
  }
}
