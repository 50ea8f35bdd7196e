package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.InvalidRangeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What comes from anybody, broken at random: headers of origins and of users, and URLs. Nothing but
 * a refusal or a value within its bounds may come of it. The seed is fixed; a failure names the
 * text.
 */
@Timeout(120)
final class HeaderFuzzTest {
  private static final int ROUNDS = 200_000;
  private static final String ALPHABET =
      "0123456789-*/,=;:\"'. \tabytesW/%\\\u00e9\u0000\r\n+GMTJanSun[]@?#";

  private static final List<String> SEEDS =
      List.of(
          "bytes 0-499/1234",
          "bytes */1234",
          "bytes 5-9/*",
          "bytes=0-99",
          "bytes=-5",
          "bytes=7-",
          "bytes=0-1,5-6",
          "9223372036854775807",
          "9223372036854775808",
          "bytes 0-9223372036854775806/9223372036854775807",
          "120",
          "Sun, 06 Nov 1994 08:49:37 GMT",
          "\"abc\"",
          "W/\"abc\"",
          "max-age=60, no-transform",
          "https://user:p%40ss@[::1]:443/a/../b?c#d",
          "http://proxy.example:3128",
          "10.0.0.0/8,*.example:80,[::1]");

  private final SplittableRandom random = new SplittableRandom(20250101);

  private String text() {
    StringBuilder text = new StringBuilder(SEEDS.get(random.nextInt(SEEDS.size())));
    for (int change = random.nextInt(6); change > 0; change--) {
      int at = random.nextInt(text.length() + 1);
      char c = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
      switch (random.nextInt(4)) {
        case 0 -> text.insert(at, c);
        case 1 -> text.insert(at, text.substring(random.nextInt(at + 1), at));
        case 2 -> text.setLength(at);
        default -> {
          if (at < text.length()) {
            text.setCharAt(at, c);
          }
        }
      }
    }
    return text.toString();
  }

  private interface Parser {
    void parse(String text) throws Exception;
  }

  private void fuzz(Parser parser) {
    for (int round = 0; round < ROUNDS; round++) {
      String text = text();
      try {
        parser.parse(text);
      } catch (Exception | AssertionError e) {
        throw new AssertionError("with <" + text + ">: " + e, e);
      }
    }
  }

  @Test
  void contentRanges() {
    fuzz(text -> {
      Optional<ContentRange> range = ContentRange.parse(text);
      range
          .flatMap(ContentRange::part)
          .ifPresent(part -> {
            assertThat(part.first()).isNotNegative();
            assertThat(part.last()).isGreaterThanOrEqualTo(part.first());
            assertThat(part.length()).isPositive();
            range.get().total().ifPresent(total -> assertThat(part.last()).isLessThan(total));
          });
    });
  }

  @Test
  void rangesOfUsers() {
    fuzz(text -> {
      try {
        ByteRange range = ByteRange.parse(text, 1000);
        assertThat(range.start()).isBetween(0L, 999L);
        assertThat(range.length()).isBetween(1L, 1000 - range.start());
      } catch (InvalidRangeException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    });
  }

  @Test
  void retryAfter() {
    Instant now = Instant.parse("2025-01-01T00:00:00Z");
    fuzz(text ->
        Backoff.retryAfter(text, now)
            .ifPresent(wait -> assertThat(wait).isBetween(Duration.ZERO, Duration.ofDays(1))));
  }

  @Test
  void validators() {
    fuzz(text -> {
      Validators one =
          Validators.of(Map.of("etag", text, "last-modified", text()), OptionalLong.of(5));
      assertThat(one.difference(one)).isEmpty();
      one.strongEtag().ifPresent(etag -> assertThat(etag).startsWith("\"").endsWith("\""));
      assertThat(one.version()).isNotNull();
    });
  }

  @Test
  void urlsAndWhereRedirectsLead() {
    fuzz(text -> {
      try {
        OriginUrl url = OriginUrl.parse(text);
        assertThat(url.target()).startsWith("/");
        assertThat(url.target().chars()).allMatch(c -> c > 0x20 && c < 0x7f);
        assertThat(OriginUrl.parse(url.identity()).identity()).isEqualTo(url.identity());
        assertThat(url.resolve(text()).port()).isBetween(1, 65_535);
      } catch (OriginException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    });
  }

  @Test
  void proxies() {
    fuzz(text -> {
      ProxyRules.parse(text).ifPresent(proxy -> assertThat(proxy.port()).isBetween(1, 65_535));
      ProxyRules rules = ProxyRules.of(Map.of("HTTP_PROXY", "proxy:1", "NO_PROXY", text));
      rules.proxyFor("http", "10.0.0.1", 80).ifPresent(proxy -> assertThat(proxy.port()).isOne());
    });
  }
}
