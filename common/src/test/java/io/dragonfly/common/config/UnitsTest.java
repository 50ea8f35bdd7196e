package io.dragonfly.common.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1024, 1024",
    "50GB, 50000000000",
    "50gb, 50000000000",
    "64MiB, 67108864",
    "512 KiB, 524288",
    "1.5GiB, 1610612736",
    "0.1KiB, 102",
    "8388607.5TiB, 9223371487098961920",
    "1k, 1000",
    "1Ki, 1024",
    "7B, 7",
    "0.5B, 0",
    "1TiB, 1099511627776",
    "2PB, 2000000000000000",
    "9223372036854775807, 9223372036854775807",
  })
  void sizesAreRead(String text, long bytes) {
    assertThat(ByteSize.parse(text)).isEqualTo(new ByteSize(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "GB",
        "-1",
        "1.GB",
        ".5GB",
        "1 G B",
        "1XB",
        "1iB",
        "1e3",
        "1,5GB",
        "1GBit",
        "9223372036854775808",
        "10000PiB",
        "8388608.5TiB",
        "99999999999999999999999999999999999B",
        "1.2.3",
        "\u0661"
      })
  void otherSizesAreRefused(String text) {
    assertThatThrownBy(() -> ByteSize.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0B",
    "1025, 1025B",
    "67108864, 64MiB",
    "50000000000, 50GB",
    "1500, 1500B",
    "1610612736, 1536MiB"
  })
  void sizesAreWrittenSoThatTheyReadTheSame(long bytes, String text) {
    assertThat(new ByteSize(bytes)).hasToString(text).isEqualTo(ByteSize.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0, PT0S",
    "0s, PT0S",
    "500ms, PT0.5S",
    "360s, PT6M",
    "10m30s, PT10M30S",
    "1h 30m, PT1H30M",
    "1h 30 min, PT1H30M",
    "2 hours 5 seconds, PT2H5S",
    "30d, PT720H",
    "1week, PT168H",
    "1M, PT730H33M36S",
    "1y, PT8766H",
    "15us, PT0.000015S",
    "15µs, PT0.000015S",
    "7ns, PT0.000000007S",
    "1h0m0.5s, PT1H0.5S",
    "1.5h, PT1H30M",
    "36524d, PT876576H",
    "100y, PT876600H",
    "99.5y 0.5y, PT876600H",
    "0.0000000019s, PT0.000000001S",
  })
  void durationsOfBothSyntaxesAreRead(String text, Duration duration) {
    assertThat(Durations.parse(text)).isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "5",
        "5 5s",
        "s",
        "-1s",
        "+1s",
        "1fortnight",
        "1S",
        "1.s",
        ".5s",
        "1..5s",
        "101y",
        "100y 1ns",
        "99y 99y 99y",
        "100.01y",
        "1.2.3s",
        "\u0661s",
        "99999999999999999999999y",
        "1h,5m"
      })
  void otherDurationsAreRefused(String text) {
    assertThatThrownBy(() -> Durations.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
