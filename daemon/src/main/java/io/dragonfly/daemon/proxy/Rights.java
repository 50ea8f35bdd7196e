package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.net.Credentials;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.source.Passage;
import io.dragonfly.daemon.source.Passage.Field;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether an origin lets a client have what this host or its swarm may hold already. The origin is
 * asked with the client's own headers; its yes is remembered for each credential and repository (or
 * URL, where there are none) and is asked for once by all who wait for it. Of the credentials only
 * a hash is kept. Safe for many threads.
 */
final class Rights {
  private static final Duration FRESH = Duration.ofMinutes(1);

  /** How long a yes lives on while the origin does not answer. */
  private static final Duration GRACE = Duration.ofHours(1);

  private static final int MOST = 4096;

  private final Passage passage;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Map<String, Known> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
          return size() > MOST;
        }
      };

  /** What is known of one credential; guarded by the map it is in. */
  private static final class Known {
    boolean accepted;
    long acceptedAt;
    @Nullable CompletableFuture<Boolean> asking;
  }

  /** What the origin said. */
  private enum Verdict {
    YES,
    NO,
    NOTHING
  }

  Rights(Passage passage, LongSupplier nanoTime) {
    this.passage = passage;
    this.nanoTime = nanoTime;
  }

  /** Asks the origin, unless it said yes a moment ago; waits for its answer. */
  boolean allow(TaskAsk ask) {
    Known one;
    CompletableFuture<Boolean> answer;
    boolean first = false;
    synchronized (this) {
      one = known.computeIfAbsent(key(ask), _ -> new Known());
      if (one.accepted && nanoTime.getAsLong() - one.acceptedAt < FRESH.toNanos()) {
        return true;
      }
      if (one.asking == null) {
        one.asking = new CompletableFuture<>();
        first = true;
      }
      answer = one.asking;
    }
    if (first) {
      Verdict verdict = Verdict.NOTHING;
      try {
        verdict = ask(ask);
      } finally {
        answer.complete(settle(one, verdict));
      }
    }
    return answer.join();
  }

  private synchronized boolean settle(Known one, Verdict verdict) {
    long now = nanoTime.getAsLong();
    one.asking = null;
    switch (verdict) {
      case YES -> {
        one.accepted = true;
        one.acceptedAt = now;
      }
      case NO -> one.accepted = false;
      case NOTHING -> one.accepted &= now - one.acceptedAt < GRACE.toNanos();
    }
    return one.accepted;
  }

  private Verdict ask(TaskAsk ask) {
    List<Field> headers = new ArrayList<>();
    ask.headers().forEach((name, value) -> headers.add(new Field(name, value)));
    // A signed URL is good for GET alone.
    boolean head = Registries.digest(ask.url()).isPresent();
    if (!head) {
      headers.add(new Field("Range", "bytes=0-0"));
    }
    Passage.Ask question =
        new Passage.Ask(
            head ? "HEAD" : "GET", ask.url(), headers, Optional.empty(), OptionalLong.empty());
    try (Passage.Answer answer = passage.send(question, new Cancellation())) {
      readOne(answer);
      int status = answer.status();
      if (status == 429 || status >= 500) {
        return Verdict.NOTHING;
      }
      return status < 400 || status == 416 ? Verdict.YES : Verdict.NO;
    } catch (OriginException e) {
      return Verdict.NOTHING;
    }
  }

  /** The one byte, so that its connection serves again; a whole content is cut off. */
  private static void readOne(Passage.Answer answer) {
    try {
      byte[] some = new byte[2];
      if (answer.bodyLength().orElse(2) <= 1) {
        while (answer.read(some) >= 0) {
          // To its end.
        }
      }
    } catch (IOException e) {
      // The head has said what is asked.
    }
  }

  private static String key(TaskAsk ask) {
    try {
      MessageDigest hash = MessageDigest.getInstance("SHA-256");
      hash.update(scope(ask.url()).getBytes(UTF_8));
      new TreeMap<>(ask.headers())
          .forEach((name, value) -> {
            if (Credentials.isNamed(name)) {
              hash.update((byte) 0);
              hash.update(name.getBytes(UTF_8));
              hash.update((byte) 0);
              hash.update(value.getBytes(UTF_8));
            }
          });
      return HexFormat.of().formatHex(hash.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The repository of what a registry names by its digest; else the URL. */
  private static String scope(String url) {
    if (Registries.digest(url).isEmpty()) {
      return url;
    }
    int blobs = url.lastIndexOf("/blobs/");
    return url.substring(0, blobs > 0 ? blobs : url.lastIndexOf("/manifests/"));
  }
}
