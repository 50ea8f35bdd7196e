package io.dragonfly.common.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoggableUrlTest {
  @ParameterizedTest
  @CsvSource({
    "https://example.com/a/b, https://example.com/a/b",
    "https://example.com:8443/a?token=secret, https://example.com:8443/a",
    "https://example.com/a#secret, https://example.com/a",
    "https://user:secret@example.com/a, https://example.com/a",
    "https://user:sec@ret@example.com/a, https://example.com/a",
    "https://user:sec/ret@example.com/a, https://...",
    "https://user:sec?ret@example.com/a, https://...",
    "https://[::1]:80/a, https://[::1]:80/a",
    "https://[::1]/a, https://[::1]/a",
    "s3://bucket/key, s3://bucket/key",
    "user:secret@example.com, (not a URL)",
    "token=secret://x, (not a URL)",
    "'', (not a URL)",
    "https://example.com/a b, https://example.com/a?b",
  })
  void secretsAreCutOff(String url, String shown) {
    assertThat(LoggableUrl.of(url)).isEqualTo(shown).doesNotContain("secret");
  }

  @Test
  void linesStayWholeAndShort() {
    assertThat(LoggableUrl.of("https://h/a\r\nlevel=ERROR\u001b[0m"))
        .isEqualTo("https://h/a??level=ERROR?[0m");
    assertThat(LoggableUrl.of("https://h/" + "x".repeat(1000))).hasSize(256).endsWith("x...");
    assertThat(LoggableUrl.of("https://h/" + "x".repeat(246))).hasSize(256).endsWith("xxx");
  }
}
