package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Headers of origins, URLs, and what is kept of a version beside a partial file: a refusal or a
 * value within its bounds comes of whatever they say.
 */
final class HeaderFuzzTest {
  private static final Instant NOW = Instant.parse("2025-01-01T00:00:00Z");

  static Stream<byte[]> waits() {
    return bytes("120", "9223372036854775808", "Sun, 06 Nov 1994 08:49:37 GMT");
  }

  static Stream<byte[]> versions() {
    return bytes(
        "\"abc\"",
        "W/\"abc\"",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "etag: \"abc\"\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\nlength: 7\nlater: x\n",
        "length: 99999999999999999999\n");
  }

  static Stream<byte[]> urls() {
    return bytes(
        "https://user:p%40ss@[::1]:443/a/../b?c#d",
        "http://origin.example:80/a b\u00e9?x=%zz", "../x?y", "//other.example/z");
  }

  static Stream<byte[]> proxies() {
    return bytes(
        "http://u:p@proxy.example:3128", "proxy", "10.0.0.0/8,*.example:80,[::1]", "fe80::/10, .a");
  }

  private static Stream<byte[]> bytes(String... texts) {
    return Stream.of(texts).map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String text(byte[] input) {
    return new String(input, StandardCharsets.ISO_8859_1);
  }

  @MethodSource("waits")
  @FuzzTest(maxDuration = "1m")
  void retryAfter(byte[] input) {
    Backoff.retryAfter(text(input), NOW)
        .ifPresent(wait -> assertThat(wait).isBetween(Duration.ZERO, Duration.ofDays(1)));
  }

  @MethodSource("versions")
  @FuzzTest(maxDuration = "1m")
  void version(byte[] input) {
    String text = text(input);
    Validators told =
        Validators.of(Map.of("etag", text, "last-modified", text), OptionalLong.of(5));
    assertThat(told.difference(told)).isEmpty();
    told.strongEtag().ifPresent(etag -> assertThat(etag).startsWith("\"").endsWith("\""));
    assertThat(told.version()).hasSizeLessThan(2000);
    Validators kept = Validators.parse(text);
    assertThat(Validators.parse(kept.toText()).difference(kept)).isEmpty();
    kept.length().ifPresent(length -> assertThat(length).isNotNegative());
  }

  @MethodSource("urls")
  @FuzzTest(maxDuration = "1m")
  void url(byte[] input) {
    String text = text(input);
    try {
      OriginUrl url = OriginUrl.parse(text);
      assertThat(url.target()).startsWith("/");
      assertThat(url.target().chars()).allMatch(c -> c > 0x20 && c < 0x7f);
      assertThat(OriginUrl.parse(url.identity()).identity()).isEqualTo(url.identity());
    } catch (OriginException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  /** Where a redirect leads. */
  @MethodSource("urls")
  @FuzzTest(maxDuration = "1m")
  void location(byte[] input) throws OriginException {
    OriginUrl here = OriginUrl.parse("https://origin.example/a/b?c");
    try {
      assertThat(here.resolve(text(input)).port()).isBetween(1, 65_535);
    } catch (OriginException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @MethodSource("proxies")
  @FuzzTest(maxDuration = "1m")
  void proxy(byte[] input) {
    String text = text(input);
    ProxyRules.parse(text).ifPresent(proxy -> assertThat(proxy.port()).isBetween(1, 65_535));
    ProxyRules rules = ProxyRules.of(Map.of("HTTP_PROXY", "proxy:1", "NO_PROXY", text));
    rules.proxyFor("http", "10.0.0.1", 80).ifPresent(proxy -> assertThat(proxy.port()).isOne());
  }

  @Test
  void waitsThatAreNearlyRight() {
    Mutations.tryAll(waits(), this::retryAfter);
  }

  @Test
  void versionsThatAreNearlyRight() {
    Mutations.tryAll(versions(), this::version);
  }

  @Test
  void urlsThatAreNearlyRight() {
    Mutations.tryAll(urls(), this::url);
  }

  @Test
  void locationsThatAreNearlyRight() {
    Mutations.tryAll(urls(), this::location);
  }

  @Test
  void proxiesThatAreNearlyRight() {
    Mutations.tryAll(proxies(), this::proxy);
  }
}
