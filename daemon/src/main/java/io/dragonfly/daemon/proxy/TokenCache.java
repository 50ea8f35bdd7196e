package io.dragonfly.daemon.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers of token servers, as the distribution specification has them ("Token Authentication
 * Specification", requesting a token): JSON with {@code token} or {@code access_token}, and {@code
 * expires_in} seconds, 60 when absent. One is kept for half of that, and for five minutes at most;
 * a copy says how much of its time is left. What holds a refresh token is not kept. Safe for many
 * threads.
 */
final class TokenCache {
  private static final int MOST = 512;

  /** Characters of an answer. */
  private static final int LARGEST = 16 << 10;

  private static final long USUAL_SECONDS = 60;
  private static final Duration LONGEST = Duration.ofMinutes(5);
  private static final String EXPIRES = "expires_in";

  private final LongSupplier nanoTime;
  private final JsonMapper json = new JsonMapper();

  /** What is kept; the text holds a token. */
  private static final class Kept {
    final String text;
    final long seconds;
    final long since;

    Kept(String text, long seconds, long since) {
      this.text = text;
      this.seconds = seconds;
      this.since = since;
    }

    long age(long now) {
      return Duration.ofNanos(now - since).toSeconds();
    }

    boolean isOver(long now) {
      Duration half = Duration.ofSeconds(seconds).dividedBy(2);
      return now - since >= (half.compareTo(LONGEST) < 0 ? half : LONGEST).toNanos();
    }
  }

  @GuardedBy("this")
  private final Map<String, Kept> answers =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
          return size() > MOST;
        }
      };

  TokenCache(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Keeps an answer with status 200, if it is one to keep. */
  void put(String key, String text) {
    if (text.length() > LARGEST || !(read(text) instanceof ObjectNode answer)) {
      return;
    }
    boolean token = answer.path("token").isString() || answer.path("access_token").isString();
    if (token && !answer.has("refresh_token")) {
      JsonNode expires = answer.path(EXPIRES);
      long seconds = expires.isIntegralNumber() && expires.canConvertToInt() ? expires.asInt() : 0;
      Kept kept = new Kept(text, seconds > 0 ? seconds : USUAL_SECONDS, nanoTime.getAsLong());
      synchronized (this) {
        answers.put(key, kept);
      }
    }
  }

  private JsonNode read(String text) {
    try {
      return json.readTree(text);
    } catch (JacksonException e) {
      return json.missingNode();
    }
  }

  /** What may be answered once more. */
  Optional<String> get(String key) {
    long now = nanoTime.getAsLong();
    Kept kept;
    synchronized (this) {
      kept = answers.get(key);
      if (kept != null && kept.isOver(now)) {
        answers.remove(key);
        kept = null;
      }
    }
    if (kept == null) {
      return Optional.empty();
    }
    long age = kept.age(now);
    if (age > 0 && read(kept.text) instanceof ObjectNode answer && !answer.has("issued_at")) {
      return Optional.of(answer.put(EXPIRES, Math.max(1, kept.seconds - age)).toString());
    }
    return Optional.of(kept.text);
  }
}
