package io.dragonfly.lab.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;

final class OriginFigureTest {
  @Test
  void readsWhatTheDemoSays() throws IOException {
    Matcher many =
        OriginFigure.verdict(
            "a table\n\nThe origin sent 256.0 MiB in 9 requests, 1.02 times the content"
                + " (256.0 MiB); 3 peers received 768.0 MiB.\n");
    assertThat(many.group(1)).isEqualTo("9");
    assertThat(many.group(2)).isEqualTo("1.02");
    Matcher one =
        OriginFigure.verdict(
            "The origin sent 4000 B in 1 request, 1.00 times the content (4000 B); ...");
    assertThat(one.group(1)).isEqualTo("1");
  }

  @Test
  void failsWithTheWholeOutputWhenTheDemoSaysNothing() {
    assertThatThrownBy(() -> OriginFigure.verdict("no verdict"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no verdict");
  }
}
