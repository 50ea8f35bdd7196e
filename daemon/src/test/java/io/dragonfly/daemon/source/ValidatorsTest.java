package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Versions, and the other small decisions: URLs, pauses, ranges. */
final class ValidatorsTest {
  private static Validators of(String etag, String modified, long length) {
    return new Validators(
        Optional.of(etag),
        Optional.of(modified),
        length < 0 ? OptionalLong.empty() : OptionalLong.of(length));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"a\"   | Mon | 5  | etag:\"a\";length=5",
        "W/\"a\" | Mon | 5  | etag:W/\"a\";length=5",
        "''      | Mon | 5  | modified:Mon;length=5",
        "''      | ''  | 5  | none;length=5",
        "''      | ''  | -1 | none;length=*",
      })
  void versionIsMadeOfTheStrongestValidatorAndTheLength(
      String etag, String modified, long length, String version) {
    assertThat(of(etag, modified, length).version()).isEqualTo(version);
  }

  @Test
  void oddValidatorsAreHashedInTheVersion() {
    assertThat(of("\"" + "x".repeat(300) + "\"", "", 1).version())
        .matches("etag:sha256:[0-9a-f]{64};length=1");
    assertThat(of("\"\u00e4\"", "", 1).version()).matches("etag:sha256:[0-9a-f]{64};length=1");
  }

  @Test
  void onlyStrongEtagsGoIntoIfRange() {
    assertThat(of("\"a\"", "", 1).strongEtag()).hasValue("\"a\"");
    assertThat(of("W/\"a\"", "", 1).strongEtag()).isEmpty();
    assertThat(of("unquoted", "", 1).strongEtag()).isEmpty();
    assertThat(of("\"", "", 1).strongEtag()).isEmpty();
  }

  @Test
  void etagDecidesBeforeLastModified() {
    assertThat(of("\"a\"", "Mon", 1).difference(of("\"a\"", "Tue", 1))).isEmpty();
    assertThat(of("\"a\"", "Mon", 1).difference(of("\"b\"", "Mon", 1))).isPresent();
    assertThat(of("\"a\"", "Mon", 1).difference(of("W/\"a\"", "Mon", 1))).isPresent();
    assertThat(of("", "Mon", 1).difference(of("\"a\"", "Tue", 1))).isPresent();
    assertThat(of("\"a\"", "Mon", 1).difference(of("\"a\"", "Mon", 2))).isPresent();
    assertThat(of("\"a\"", "Mon", 1).difference(Validators.none())).isEmpty();
  }

  @Test
  void textSurvivesTheWayThroughAFile() {
    Validators validators = of("W/\"a: b\"", "Mon, 02 Mar 2026 10:00:00 GMT", 12);

    assertThat(Validators.parse(validators.toText())).isEqualTo(validators);
    assertThat(Validators.parse("rubbish\nlength: x\nlater: 1\n")).isEqualTo(Validators.none());
  }

  @Test
  void headersAreReadInAnyCase() {
    assertThat(Validators.of(Map.of("ETAG", " \"a\" ", "x", "y"), OptionalLong.of(1)).etag())
        .hasValue("\"a\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no-scheme",
        "http:/one-slash",
        "http://",
        "http:///path",
        "http://h:0/",
        "http://h:65536/",
        "http://h:-1/",
        "http://h:x/",
        "http://[::1/",
        "http://[host]/",
        "http://a b/",
        "http://a%2Fb/",
        "http://a%zz/",
        "http://xn--a/",
        "http://h/\u0001",
        "http://h/a\r\nX: y",
        "1http://h/"
      })
  void malformedUrlIsRefused(String url) {
    assertThat(TestUrls.failure(url).kind()).isEqualTo(OriginException.Kind.BAD_URL);
  }

  @ParameterizedTest
  @CsvSource({
    "http://h, http://h/",
    "HTTP://User:Pass@Host:80/a?b#c, http://host/a?...",
    "https://h:443/, https://h/",
    "https://h:80, https://h:80/",
    "http://[FD00::1]:8080/a, http://[fd00::1]:8080/a",
    "http://b\u00fccher.example/\u00fc, http://xn--bcher-kva.example/%C3%BC",
    "http://fa\u00df.de, http://xn--fa-hia.de/",
    "http://0x7f.1:81/a, http://127.0.0.1:81/a",
    "http://[0:0::1]/, http://[::1]/",
    "http://ho%73t/, http://host/",
    "http://my_host/a b, http://my_host/a%20b",
    "http://h?q, http://h/?...",
  })
  void urlIsShownWithoutItsSecrets(String url, String shown) throws Exception {
    assertThat(OriginUrl.parse(url)).hasToString(shown);
  }

  @Test
  void messagesAboutMalformedUrlsShowNoSecrets() {
    assertThat(TestUrls.failure("http://user:secret@ho st/a?secret#secret"))
        .hasMessageNotContaining("secret")
        .hasMessageContaining("ho st");
  }

  @Test
  void pausesDoubleWithinTheirJitterAndTheirBound() {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1), new Random(7));
    for (int round = 0; round < 100; round++) {
      for (int attempt = 0; attempt < 70; attempt++) {
        long full = attempt >= 4 ? 1000 : 100L << attempt;
        assertThat(backoff.pause(attempt, Optional.empty()))
            .isBetween(Duration.ofMillis(full / 2), Duration.ofMillis(full));
      }
    }
    assertThat(backoff.pause(0, Optional.of(Duration.ofMillis(700))))
        .isEqualTo(Duration.ofMillis(700));
    assertThat(backoff.pause(0, Optional.of(Duration.ofHours(1)))).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void retryAfterIsReadInBothForms() {
    Instant now = Instant.parse("2026-03-02T10:00:00Z");

    assertThat(Backoff.retryAfter(" 7 ", now)).hasValue(Duration.ofSeconds(7));
    assertThat(Backoff.retryAfter("Mon, 02 Mar 2026 10:00:30 GMT", now))
        .hasValue(Duration.ofSeconds(30));
    assertThat(Backoff.retryAfter("Mon, 02 Mar 2026 09:00:30 GMT", now)).isEmpty();
    assertThat(Backoff.retryAfter("999999999999", now)).hasValue(Duration.ofDays(1));
    assertThat(Backoff.retryAfter("soon", now)).isEmpty();
  }

  /** Apart, so that parameters stay readable. */
  private static final class TestUrls {
    static OriginException failure(String url) {
      try {
        OriginUrl parsed = OriginUrl.parse(url);
        throw new AssertionError("parsed as " + parsed);
      } catch (OriginException e) {
        return e;
      }
    }
  }
}
