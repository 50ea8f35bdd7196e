package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TokenCacheTest {
  private final AtomicLong now = new AtomicLong();
  private final TokenCache cache = new TokenCache(now::get);

  private void pass(long seconds) {
    now.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
  }

  @ParameterizedTest
  @CsvSource({
    "'', 30",
    "'\"expires_in\":100,', 50",
    "'\"expires_in\":3600,', 300",
    "'\"expires_in\":-1,', 30",
    "'\"expires_in\":\"x\",', 30"
  })
  void aTokenIsKeptForHalfOfItsTimeAndFiveMinutesAtMost(String expires, long kept) {
    cache.put("k", "{" + expires + "\"token\":\"t\"}");
    assertThat(cache.get("k")).hasValue("{" + expires + "\"token\":\"t\"}");
    pass(kept - 1);
    assertThat(cache.get("k")).isPresent();
    assertThat(cache.get("other")).isEmpty();
    pass(1);
    assertThat(cache.get("k")).isEmpty();
  }

  @Test
  void aCopySaysHowMuchOfItsTimeIsLeftUnlessTheTokenSaysWhenThatBegan() {
    cache.put("k", "{\"access_token\":\"t\",\"expires_in\":300}");
    cache.put(
        "d", "{\"access_token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-01-01T00:00:00Z\"}");
    pass(100);
    assertThat(cache.get("k")).hasValue("{\"access_token\":\"t\",\"expires_in\":200}");
    assertThat(cache.get("d").orElseThrow()).contains("\"expires_in\":300");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no json",
        "[]",
        "{}",
        "{\"token\":1}",
        "{\"token\":\"t\",\"refresh_token\":\"r\"}",
        "{\"error\":\"denied\"}"
      })
  void whatIsNoTokenOrCouldMakeMoreIsNotKept(String answer) {
    cache.put("k", answer);
    assertThat(cache.get("k")).isEmpty();
    cache.put("k", "{\"token\":\"" + "x".repeat(20_000) + "\"}");
    assertThat(cache.get("k")).isEmpty();
  }

  @Test
  void itKnowsTheEndpointsThatRegistriesName() {
    Challenges challenges = new Challenges();
    challenges.saw(
        List.of(
            "Basic realm=\"https://basic.example/token\"",
            "Bearer realm=\"https://Auth.example:443/token?x=y\",service=\"r\",scope=\"s\"",
            "bearer service=\"r\", realm=\"http://127.0.0.1:5001/auth\""));
    assertThat(challenges.lead("https://auth.example/token?service=r&scope=s")).isTrue();
    assertThat(challenges.lead("https://AUTH.example:443/token")).isTrue();
    assertThat(challenges.lead("http://127.0.0.1:5001/auth?service=r")).isTrue();
    assertThat(challenges.lead("https://auth.example/other?service=r")).isFalse();
    assertThat(challenges.lead("http://auth.example/token?service=r")).isFalse();
    assertThat(challenges.lead("https://basic.example/token")).isFalse();
  }
}
