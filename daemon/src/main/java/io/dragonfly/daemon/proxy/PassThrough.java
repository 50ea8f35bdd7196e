package io.dragonfly.daemon.proxy;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.source.Passage;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/** Passes a request on to its origin and the answer back, both as they come. */
final class PassThrough {
  private static final int CHUNK = 64 << 10;

  private final Passage passage;
  private final Challenges challenges;

  /**
   * @param challenges hears of requests that need a token
   */
  PassThrough(Passage passage, Challenges challenges) {
    this.passage = passage;
    this.challenges = challenges;
  }

  /**
   * @throws Refusal when the origin gives no answer
   * @throws IOException when the client went away, or got a part of the answer only
   */
  void answer(Exchange exchange, String url) throws IOException, Refusal {
    exchange.countAsOrigins();
    try (Passage.Answer answer = send(exchange, url, exchange.gone())) {
      HttpHeaders headers = new DefaultHttpHeaders();
      Fields.ofAnswer(answer.headers(), headers);
      HttpResponseStatus status = HttpResponseStatus.valueOf(answer.status());
      if (status.equals(HttpResponseStatus.UNAUTHORIZED)) {
        challenges.saw(headers.getAll(HttpHeaderNames.WWW_AUTHENTICATE));
      }
      if (!answer.hasBody() && !exchange.isBodiless(status)) {
        exchange.begin(status, headers, OptionalLong.of(0));
      } else {
        exchange.begin(status, headers, answer.bodyLength());
      }
      if (!exchange.isBodiless(status)) {
        copy(answer, exchange);
      }
      exchange.end();
    }
  }

  /**
   * Sends a client's request to its origin.
   *
   * @param cancellation gives the request and its answer up
   */
  Passage.Answer send(Exchange exchange, String url, Cancellation cancellation)
      throws IOException, Refusal {
    boolean hasBody = !exchange.body().isWhole();
    long announced = HttpUtil.getContentLength(exchange.request(), -1L);
    boolean announcesNone = announced == 0;
    Passage.Ask ask =
        new Passage.Ask(
            exchange.request().method().name(),
            url,
            Fields.ofRequest(exchange.headers()),
            hasBody || announced > 0
                ? Optional.of(exchange.body())
                : announcesNone ? Optional.of(InputStream.nullInputStream()) : Optional.empty(),
            announced >= 0 ? OptionalLong.of(announced) : OptionalLong.empty());
    try {
      return passage.send(ask, cancellation);
    } catch (OriginException e) {
      if (cancellation.isCancelled()) {
        throw new ClientGoneException();
      }
      throw refusal(e);
    }
  }

  /**
   * The way to an origin for what is no exchange of HTTP.
   *
   * @throws Refusal when the URL can't be used
   */
  Passage.Way way(String url) throws Refusal {
    try {
      return passage.way(url);
    } catch (OriginException e) {
      throw refusal(e);
    }
  }

  /**
   * The proxy that is asked for the way to an origin, if any.
   *
   * @throws Refusal when the URL can't be used
   */
  Optional<Passage.Via> via(String url) throws Refusal {
    try {
      return passage.via(url);
    } catch (OriginException e) {
      throw refusal(e);
    }
  }

  private static Refusal refusal(OriginException e) {
    HttpResponseStatus status =
        switch (e.kind()) {
          case BAD_URL, UNSUPPORTED_SCHEME, BAD_HEADER -> HttpResponseStatus.BAD_REQUEST;
          case FORBIDDEN -> HttpResponseStatus.FORBIDDEN;
          case CANCELLED -> HttpResponseStatus.SERVICE_UNAVAILABLE;
          default -> HttpResponseStatus.BAD_GATEWAY;
        };
    return new Refusal(status, Refusal.Type.BACKEND, String.valueOf(e.getMessage()));
  }

  private static void copy(Passage.Answer answer, Exchange exchange) throws IOException {
    long left = answer.bodyLength().orElse(Long.MAX_VALUE);
    byte[] chunk = new byte[CHUNK];
    for (int count = answer.read(chunk); count >= 0; count = answer.read(chunk)) {
      left -= count;
      exchange.write(Unpooled.wrappedBuffer(Arrays.copyOf(chunk, count)));
    }
    if (answer.bodyLength().isPresent() && left > 0) {
      throw new IOException("the origin's answer ended " + left + " bytes early");
    }
  }
}
