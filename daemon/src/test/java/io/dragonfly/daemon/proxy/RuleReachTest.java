package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RuleReachTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "^https://models\\.example/ models.example true",
        "^https://models\\.example/ models.example.org false",
        "^https://models\\.example/ xmodels.example false",
        "^https://models\\.example/ models-example false",
        "^https://models\\.example models.example.org true",
        "^https?://models\\.example/weights/.*\\.bin$ models.example true",
        "^https?://models\\.example/weights/.*\\.bin$ other.example false",
        "^http://models\\.example/ models.example false",
        "^https://([a-z0-9-]+\\.)*example\\.com(:\\d+)?/ a.b.example.com true",
        "^https://([a-z0-9-]+\\.)*example\\.com(:\\d+)?/ example.com:8443 true",
        "^https://([a-z0-9-]+\\.)*example\\.com(:\\d+)?/ example.com.evil.net false",
        "^https://([a-z0-9-]+\\.)*example\\.com(:\\d+)?/ notexample.com false",
        "(?i)^HTTPS://Models\\.example/ models.example true",
        "^(https://a\\.example/x|https://b\\.example/y) b.example true",
        "^(https://a\\.example/x|https://b\\.example/y) c.example false",
        "(^https://a\\.example|^https://b\\.example)/ c.example false",
        "\\Ahttps://(?P<h>a|b)\\.example/ b.example true",
        "\\Ahttps://(?:a|b){2}\\.example/ ab.example true",
        "\\Ahttps://(?:a|b){2}\\.example/ a.example false",
        "^https://[^/]*\\.example/ x.example true",
        "^https://[^/]*\\.example/ x.test false",
        "^https://[^/]+/v2/.*/blobs/ any.test true",
        "^https://\\Qa.example\\E/ a.example true",
        "^https://\\Qa.example\\E/ abexample false",
        "^https://x.example$ x.example false",
        "^https://x\\.example/$ x.example true",
        "models\\.example any.test true",
        "blobs/sha256.* any.test true",
        ".* any.test true",
        "^$ any.test false",
        "^https://[[:alpha:]]+\\.\\x65x/ a.ex true",
        "^https://[[:alpha:]]+\\.\\x65x/ 1.ex false",
        "^https://[]a]+/ a true",
        "^https://a{x any.test false"
      })
  void aRuleIsAboutTheHostsItCanMatch(String rule, String authority, boolean expected) {
    assertThat(new RuleReach(rule).includes("https://" + authority + "/")).isEqualTo(expected);
  }

  /** Whatever a rule matches, its reach has: else content would miss the swarm unseen. */
  @Test
  void noHostOfAUrlThatMatchesIsMissed() {
    Random random = new Random(20260101);
    List<String> pieces =
        List.of(
            "^", "$", "https", "://", "h", "a", ".", "\\.", "/", "b", "(", ")", "|", "*", "+", "?",
            "{1,2}", "[a-b]", "[^/]", "(?i)", "(?:", "A", "\\w", "\\b");
    int matched = 0;
    for (int i = 0; i < 200_000; i++) {
      StringBuilder rule = new StringBuilder(random.nextBoolean() ? "^https://" : "");
      for (int n = random.nextInt(9); n > 0; n--) {
        rule.append(pieces.get(random.nextInt(pieces.size())));
      }
      Pattern pattern;
      try {
        pattern = Pattern.compile(rule.toString());
      } catch (RuntimeException e) {
        continue;
      }
      String prefix = "https://" + text(random, "ab.") + "/";
      String url = prefix + text(random, "ab./");
      if (pattern.matcher(url).find()) {
        RuleReach reach;
        try {
          reach = new RuleReach(rule.toString());
        } catch (IllegalArgumentException e) {
          assertThat(e).hasMessage("flags are repeated");
          continue;
        }
        matched++;
        assertThat(reach.includes(prefix)).as("%s in %s", rule, url).isTrue();
      }
    }
    assertThat(matched).isGreaterThan(10_000);
  }

  private static String text(Random random, String letters) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(6); n > 0; n--) {
      text.append(letters.charAt(random.nextInt(letters.length())));
    }
    return text.toString();
  }
}
