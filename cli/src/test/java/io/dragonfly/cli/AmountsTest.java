package io.dragonfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.cli.download.Shares;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AmountsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "1536, 1.5 KiB",
    "1048575, 1.0 MiB",
    "268435456, 256.0 MiB",
    "9223372036854775807, 8.0 EiB",
  })
  void sizesHaveBinaryUnits(long bytes, String text) {
    assertThat(Amounts.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 ms",
    "999, 999 ms",
    "1000, 1.0 s",
    "59999, 59.9 s",
    "60000, 1 min 00 s",
    "125000, 2 min 05 s",
    "3720000, 1 h 02 min",
  })
  void timesAreAsFineAsTheyMatter(long millis, String text) {
    assertThat(Amounts.time(millis)).isEqualTo(text);
  }

  @Test
  void sharesNameOnlyWhatGaveSomething() {
    assertThat(Amounts.shares(Shares.NONE)).isEmpty();
    assertThat(Amounts.shares(new Shares(5, 0, 0, 0))).isEqualTo("all from this host's cache");
    assertThat(Amounts.shares(new Shares(0, 999, 0, 1)))
        .isEqualTo("99% from peers, <1% from the origin");
    assertThat(Amounts.shares(new Shares(0, 1, 0, 7)))
        .isEqualTo("13% from peers, 87% from the origin");
    assertThat(Amounts.shares(new Shares(0, 0, 0, 1, 3)))
        .isEqualTo("25% from the origin, 75% from an earlier try");
  }
}
