package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dragonfly.common.digest.Sha256;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.net.Credentials;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.source.Passage;
import io.dragonfly.daemon.source.Passage.Field;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * Answers requests for registries' tokens, each asked for at its server once by all who ask at the
 * same time with the same URL and credentials, and answered again from {@link TokenCache} for a
 * while. Of the credentials only a hash is kept. What a server refuses is told to those who waited
 * for it and not kept. Safe for many threads.
 */
final class Tokens {
  private static final int LARGEST = 1 << 20;
  private static final int CHUNK = 16 << 10;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final List<CharSequence> OWN_WAY =
      List.of(
          HttpHeaderNames.RANGE,
          HttpHeaderNames.IF_MATCH,
          HttpHeaderNames.IF_NONE_MATCH,
          HttpHeaderNames.IF_MODIFIED_SINCE,
          HttpHeaderNames.IF_UNMODIFIED_SINCE,
          HttpHeaderNames.TRANSFER_ENCODING);

  private final PassThrough origin;
  private final Challenges challenges;
  private final TokenCache cache;
  private final Map<String, CompletableFuture<Answer>> asking = new ConcurrentHashMap<>();

  /** A server's answer; its body may be a token. */
  private static final class Answer {
    final HttpResponseStatus status;
    final List<Field> fields;
    final byte[] body;

    Answer(HttpResponseStatus status, List<Field> fields, byte[] body) {
      this.status = status;
      this.fields = fields;
      this.body = body;
    }
  }

  Tokens(PassThrough origin, Challenges challenges, LongSupplier nanoTime) {
    this.origin = origin;
    this.challenges = challenges;
    cache = new TokenCache(nanoTime);
  }

  /**
   * Whether a request is one for a token: where a registry sent its clients, and asking as they do.
   */
  boolean concern(HttpRequest request, String url) {
    if (!request.method().equals(HttpMethod.GET)
        || !challenges.lead(url)
        || OWN_WAY.stream().anyMatch(request.headers()::contains)
        || !"0".equals(request.headers().get(HttpHeaderNames.CONTENT_LENGTH, "0").strip())) {
      return false;
    }
    String query = url.substring(url.indexOf('?') + 1).toLowerCase(Locale.ROOT);
    return (query.contains("service=") || query.contains("scope="))
        && !query.contains("offline_token=true");
  }

  /**
   * Answers a request for a token.
   *
   * @throws Refusal when the server gives no answer
   * @throws IOException when the client went away
   */
  void answer(Exchange exchange, String url) throws IOException, Refusal {
    String key = key(url, exchange.headers());
    var kept = cache.get(key);
    if (kept.isPresent()) {
      HttpHeaders headers = new DefaultHttpHeaders();
      headers.set(HttpHeaderNames.CONTENT_TYPE, "application/json");
      countAsKept(exchange);
      exchange.answer(HttpResponseStatus.OK, headers, kept.get().getBytes(UTF_8));
      return;
    }
    CompletableFuture<Answer> mine = new CompletableFuture<>();
    CompletableFuture<Answer> first = asking.putIfAbsent(key, mine);
    if (first == null) {
      Answer answer = ask(exchange, url, key, mine);
      exchange.countAsOrigins();
      give(exchange, answer, true);
      return;
    }
    try {
      countAsKept(exchange);
      give(exchange, first.get(PATIENCE.toSeconds(), TimeUnit.SECONDS), false);
    } catch (ExecutionException | TimeoutException e) {
      origin.answer(exchange, url);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the proxy is being shut down", e);
    }
  }

  private static void countAsKept(Exchange exchange) {
    exchange.countBy(() -> new ByteCounts(exchange.sent(), 0, 0, 0));
  }

  /** Asks the server, for all who wait: also when this client goes away meanwhile. */
  private Answer ask(Exchange exchange, String url, String key, CompletableFuture<Answer> waiting)
      throws Refusal, IOException {
    try (Passage.Answer answer = origin.send(exchange, url, new Cancellation())) {
      Answer read =
          new Answer(
              HttpResponseStatus.valueOf(answer.status()), answer.headers(), body(answer, url));
      if (answer.status() == HttpResponseStatus.OK.code()) {
        cache.put(key, new String(read.body, UTF_8));
      }
      waiting.complete(read);
      return read;
    } catch (Refusal | IOException | RuntimeException e) {
      waiting.completeExceptionally(e);
      throw e;
    } finally {
      asking.remove(key, waiting);
    }
  }

  private static byte[] body(Passage.Answer answer, String url) throws IOException, Refusal {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] chunk = new byte[CHUNK];
    for (int count = answer.read(chunk); count >= 0; count = answer.read(chunk)) {
      if (body.size() + count > LARGEST) {
        throw new Refusal(
            HttpResponseStatus.BAD_GATEWAY,
            Refusal.Type.BACKEND,
            "The token server "
                + Destinations.of(url)
                + " answers with more than 1 MiB, which is no token.");
      }
      body.write(chunk, 0, count);
    }
    return body.toByteArray();
  }

  private static void give(Exchange exchange, Answer answer, boolean asked) throws IOException {
    HttpHeaders headers = new DefaultHttpHeaders();
    Fields.ofAnswer(answer.fields, headers);
    if (!asked) {
      headers.remove(HttpHeaderNames.SET_COOKIE);
    }
    exchange.answer(answer.status, headers, answer.body);
  }

  private static String key(String url, HttpHeaders headers) {
    TreeSet<String> credentials = new TreeSet<>();
    for (Field field : Fields.ofRequest(headers)) {
      if (Credentials.isNamed(field.name())) {
        credentials.add(field.name().toLowerCase(Locale.ROOT) + ":" + field.value());
      }
    }
    return Sha256.hex(url + "\n" + String.join("\n", credentials));
  }
}
