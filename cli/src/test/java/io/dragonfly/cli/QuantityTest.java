package io.dragonfly.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
  @ParameterizedTest
  @CsvSource({
    "4194304, 4194304",
    "4MiB, 4194304",
    "4mib, 4194304",
    "4M, 4000000",
    "4 MB, 4000000",
    "1.5GiB, 1610612736",
    "7B, 7",
  })
  void sizes(String text, long bytes) {
    assertThat(Quantity.bytes(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "MiB", "4X", "4MiBs", "-1", "1.2.3", "9999999PiB"})
  void whatIsNoSizeIsRefused(String text) {
    assertThatThrownBy(() -> Quantity.bytes(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "500ms, 500",
    "2h, 7200000",
    "1h30m, 5400000",
    "1h 30m 5s, 5405000",
    "10 minutes, 600000",
    "1week, 604800000",
  })
  void times(String text, long millis) {
    assertThat(Quantity.time(text)).hasMillis(millis);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "h", "5x", "1h-5m", "1.5h", "99999999999s"})
  void whatIsNoTimeIsRefused(String text) {
    assertThatThrownBy(() -> Quantity.time(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
