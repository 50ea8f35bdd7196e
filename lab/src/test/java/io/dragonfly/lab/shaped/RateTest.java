package io.dragonfly.lab.shaped;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RateTest {
  @Test
  void readsTheUnitsOfTc() {
    assertThat(Rate.parse("100mbit").bytesPerSecond()).isEqualTo(12_500_000);
    assertThat(Rate.parse("2Gbit").bitsPerSecond()).isEqualTo(2_000_000_000);
    assertThat(Rate.parse("1500kbit").toString()).isEqualTo("1500000bit");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "100", "0mbit", "41gbit", "999kbit", "-1mbit", "1 mbit", "9999999999999bit"})
  void refusesOthers(String text) {
    assertThatThrownBy(() -> Rate.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
