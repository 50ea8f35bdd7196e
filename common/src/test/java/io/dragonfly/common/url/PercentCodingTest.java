package io.dragonfly.common.url;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PercentCodingTest {
  @Test
  void whatIsEncodedComesBackAsItWas() {
    String text = "a b%c\nd\u0000\u007F\u00e9\ud83d\ude00";
    String encoded = PercentCoding.encode(text, "% ");
    assertThat(encoded).isEqualTo("a%20b%25c%0Ad%00%7F%C3%A9%F0%9F%98%80");
    assertThat(PercentCoding.decode(encoded)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"%", "a%", "a%4", "%zz", "%4z", "%%"})
  void whatIsNoEscapeStaysAsItIs(String text) {
    assertThat(PercentCoding.decode(text)).isEqualTo(text);
  }
}
