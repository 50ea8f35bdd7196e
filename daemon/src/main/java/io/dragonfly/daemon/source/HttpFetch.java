package io.dragonfly.daemon.source;

import io.dragonfly.daemon.source.AnswerCheck.Verdict;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One look at an http origin, from the first attempt to an answer whose head fits: follows
 * redirects by hand, repeats what failed for the moment, and hands the answer to {@link
 * AnswerCheck}. For the thread that opens.
 */
final class HttpFetch {
  private static final Logger log = LoggerFactory.getLogger(HttpFetch.class);
  private static final int MAX_REDIRECTS = 10;

  /** A body shorter than this is read to its end so that the connection can be kept. */
  private static final int MAX_DRAINED = 16 * 1024;

  /** The answers to which a remembered redirect is forgotten: a signed target has expired. */
  private static final Set<Integer> FORGET_REDIRECT = Set.of(400, 401, 403, 404, 410);

  private final HttpSource source;
  private final OriginRequest request;
  private final OriginUrl url;
  private final RequestHeaders headers;
  private final TrustStores.Trust trust;
  private final Abort abort;
  private final long deadline;
  private final String redirectKey;
  private boolean mayUseRememberedRedirect;
  private boolean mayRepeatForStaleConnection = true;

  HttpFetch(
      HttpSource source,
      OriginRequest request,
      OriginUrl url,
      RequestHeaders headers,
      TrustStores.Trust trust,
      Abort abort) {
    this.source = source;
    this.request = request;
    this.url = url;
    this.headers = headers;
    this.trust = trust;
    this.abort = abort;
    this.deadline = source.nanoTime() + request.timeout().toNanos();
    this.redirectKey = headers.fingerprint() + trust.key() + url.identity();
    this.mayUseRememberedRedirect = source.options().cacheRedirects();
  }

  /** An answer that is no redirect, with where it came from. */
  private record Answer(
      OriginUrl from,
      boolean byRememberedRedirect,
      Map<String, String> carried,
      HttpUriRequestBase request,
      ClassicHttpResponse response) {
    int status() {
      return response.getCode();
    }
  }

  OriginResponse run() throws OriginException {
    boolean part = request.range().isPart();
    for (; ; ) {
      Answer answer = answer(part);
      Optional<OriginResponse> accepted;
      try {
        accepted = judge(answer, part);
      } catch (OriginException e) {
        cutOff(answer.request(), answer.response(), false);
        throw e;
      }
      if (accepted.isPresent()) {
        return accepted.get();
      }
      discard(answer.request(), answer.response());
      part = false;
    }
  }

  /** The response; empty if the origin is to be asked again for the whole. */
  private Optional<OriginResponse> judge(Answer answer, boolean part) throws OriginException {
    Map<String, String> entity = AnswerHeaders.entity(answer.response());
    answer.carried().forEach(entity::putIfAbsent);
    Verdict verdict =
        new AnswerCheck(request.range(), part, request.expected())
            .check(head(answer.response(), entity));
    return switch (verdict) {
      case Verdict.Accepted accepted -> Optional.of(accept(answer, accepted, entity));
      case Verdict.AskForWhole() -> Optional.empty();
      case Verdict.Refused() -> throw refusal(answer);
      case Verdict.Changed(String difference) ->
          throw rejected(answer, Kind.CHANGED, "the content has changed: " + difference + ".");
      case Verdict.NoRanges() ->
          throw rejected(
              answer,
              Kind.NO_RANGES,
              "it sent everything although "
                  + request.range().toHttp()
                  + " was asked for: it does not give parts of its content.");
      case Verdict.Bad(String why) -> throw rejected(answer, Kind.BAD_ANSWER, why + ".");
    };
  }

  private OriginResponse accept(
      Answer answer, Verdict.Accepted accepted, Map<String, String> entity) throws OriginException {
    try {
      abort.stopTimer();
      return new HttpOriginResponse(
          answer.from(),
          answer.request(),
          answer.response(),
          accepted,
          entity,
          abort,
          source.options().stallTimeout());
    } catch (IOException e) {
      throw Failures.beforeAnswer(e, answer.from(), source.options());
    }
  }

  private OriginException rejected(Answer answer, Kind kind, String why) {
    if (answer.byRememberedRedirect()) {
      source.redirects().remove(redirectKey);
    }
    String message = Failures.of(kind, answer.from(), why).getMessage();
    return new OriginException(
        kind,
        message == null ? why : message,
        null,
        OptionalInt.of(answer.status()),
        AnswerHeaders.refusal(answer.response()));
  }

  private OriginException refusal(Answer answer) {
    return Failures.refused(
        answer.status(),
        AnswerHeaders.refusal(answer.response()),
        answer.from(),
        headers.withholds(answer.from()));
  }

  private static AnswerCheck.Head head(ClassicHttpResponse response, Map<String, String> entity) {
    HttpEntity body = response.getEntity();
    long framed = body == null ? 0 : body.getContentLength();
    Header contentRange = response.getFirstHeader("Content-Range");
    Header acceptRanges = response.getFirstHeader("Accept-Ranges");
    return new AnswerCheck.Head(
        response.getCode(),
        framed < 0 ? OptionalLong.empty() : OptionalLong.of(framed),
        Optional.ofNullable(contentRange).map(Header::getValue),
        acceptRanges != null && "bytes".equalsIgnoreCase(acceptRanges.getValue().strip()),
        entity);
  }

  /** Attempts until there is an answer that another attempt would not change. */
  private Answer answer(boolean part) throws OriginException {
    for (int attempt = 0; ; attempt++) {
      OriginException failure;
      Optional<Duration> retryAfter = Optional.empty();
      try {
        Answer answer = askWithRememberedRedirect(part);
        if (!Failures.isTransient(answer.status())) {
          return answer;
        }
        failure = refusal(answer);
        retryAfter =
            Optional.ofNullable(answer.response().getFirstHeader("Retry-After"))
                .flatMap(h -> Backoff.retryAfter(h.getValue(), source.now()));
        discard(answer.request(), answer.response());
      } catch (OriginException e) {
        failure = e;
      }
      boolean worthIt = failure.kind() == Kind.UNAVAILABLE || failure.kind() == Kind.IO;
      int status = failure.status().orElse(0);
      if (!worthIt || status == 501 || status == 505) {
        throw failure;
      }
      Duration pause = source.backoff().pause(attempt, retryAfter);
      if (attempt >= source.options().maxRetries() || pause.toNanos() >= remainingNanos()) {
        throw failure;
      }
      log.debug(
          "event=origin-retry url={} attempt={} pause-millis={} reason=\"{}\"",
          url,
          attempt + 1,
          pause.toMillis(),
          failure.getMessage());
      if (!abort.pause(pause)) {
        throw aborted();
      }
    }
  }

  /** One attempt, by the remembered way first; if that fails, by the original URL at once. */
  private Answer askWithRememberedRedirect(boolean part) throws OriginException {
    if (mayUseRememberedRedirect) {
      Optional<RedirectCache.Target> remembered = source.redirects().find(redirectKey);
      if (remembered.isPresent()) {
        try {
          RedirectCache.Target target = remembered.get();
          Answer answer = follow(target.url(), true, target.headers(), part);
          if (!FORGET_REDIRECT.contains(answer.status())) {
            return answer;
          }
          discard(answer.request(), answer.response());
        } catch (OriginException e) {
          if (e.kind() == Kind.CANCELLED || remainingNanos() <= 0) {
            throw e;
          }
        }
        source.redirects().remove(redirectKey);
        mayUseRememberedRedirect = false;
      }
    }
    return follow(url, false, Map.of(), part);
  }

  private Answer follow(
      OriginUrl first, boolean remembered, Map<String, String> carriedBefore, boolean part)
      throws OriginException {
    Map<String, String> carried = new LinkedHashMap<>(carriedBefore);
    Set<String> seen = new HashSet<>();
    boolean memorable = true;
    OriginUrl current = first;
    for (int hops = 0; ; hops++) {
      seen.add(current.identity());
      HttpUriRequestBase get = get(current, part);
      ClassicHttpResponse response = send(current, get);
      int status = response.getCode();
      if (!isRedirect(status)) {
        boolean content = status == 200 || status == 206;
        if (hops > 0 && memorable && content && source.options().cacheRedirects()) {
          source
              .redirects()
              .put(redirectKey, new RedirectCache.Target(current, Map.copyOf(carried)));
        }
        return new Answer(current, remembered, carried, get, response);
      }
      Header header = response.getFirstHeader("Location");
      String location = header == null ? "" : header.getValue().strip();
      carried.putAll(AnswerHeaders.carriedOverRedirect(response));
      discard(get, response);
      OriginUrl next = next(current, location, status);
      if (hops == MAX_REDIRECTS) {
        throw Failures.of(
            Kind.REDIRECTS, url, "it redirects more than " + MAX_REDIRECTS + " times.");
      }
      if (seen.contains(next.identity())) {
        throw Failures.of(Kind.REDIRECTS, url, "its redirects lead back to " + next + ".");
      }
      memorable &= status != 303 && OriginUrl.isAbsolute(location);
      current = next;
    }
  }

  private OriginUrl next(OriginUrl current, String location, int status) throws OriginException {
    if (location.isEmpty()) {
      throw Failures.of(
          Kind.REDIRECTS, current, "it answered " + status + " without saying where to go.");
    }
    OriginUrl next;
    try {
      next = current.resolve(location);
    } catch (OriginException e) {
      throw new OriginException(
          Kind.REDIRECTS,
          "Cannot read "
              + url
              + " from its origin: its redirect cannot be followed. "
              + e.getMessage(),
          e);
    }
    if (current.isTls() && !next.isTls() && !source.options().allowPlainAfterTls()) {
      throw Failures.of(
          Kind.REDIRECTS,
          url,
          "it redirects from https to " + next + ", where nothing protects the content.");
    }
    return next;
  }

  private HttpUriRequestBase get(OriginUrl target, boolean part) {
    HttpUriRequestBase get = new HttpEngine.Get(target);
    headers.forEach(target, get::setHeader);
    if (part) {
      get.setHeader("Range", request.range().toHttp());
      request
          .expected()
          .flatMap(Validators::strongEtag)
          .ifPresent(etag -> get.setHeader("If-Range", etag));
    }
    return get;
  }

  private ClassicHttpResponse send(OriginUrl target, HttpUriRequestBase get)
      throws OriginException {
    HttpUriRequestBase attempt = get;
    for (; ; ) {
      long remaining = remainingNanos();
      if (abort.reason() != null || remaining <= 0) {
        throw aborted();
      }
      HttpEngine.Trip trip = new HttpEngine.Trip();
      abort.attach(attempt);
      try {
        return source
            .engine()
            .send(
                target,
                attempt,
                trust,
                source.options().headerTimeout(),
                Duration.ofNanos(remaining),
                trip);
      } catch (IOException e) {
        if (abort.reason() != null) {
          throw aborted();
        }
        boolean stale = e instanceof NoHttpResponseException || e instanceof SocketException;
        if (!stale || !trip.reusedConnection() || !mayRepeatForStaleConnection) {
          throw Failures.beforeAnswer(e, target, source.options());
        }
        // The origin closed the kept connection meanwhile, and most likely the other ones too.
        mayRepeatForStaleConnection = false;
        source.engine().closeIdle();
        attempt.reset();
      } catch (RuntimeException e) {
        // What the library throws where a request is cancelled under its hands.
        if (abort.reason() != null) {
          throw aborted();
        }
        throw e;
      }
    }
  }

  private OriginException aborted() {
    Abort.Reason reason = abort.reason();
    return Failures.aborted(
        reason == null ? Abort.Reason.DEADLINE : reason, url, request.timeout());
  }

  private long remainingNanos() {
    return deadline - source.nanoTime();
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  /** Is done with an answer nobody reads: keeps its connection if little is left of it. */
  private static void discard(HttpUriRequestBase get, ClassicHttpResponse response) {
    boolean ended = false;
    HttpEntity entity = response.getEntity();
    if (entity == null) {
      ended = true;
    } else if (entity.getContentLength() >= 0 && entity.getContentLength() <= MAX_DRAINED) {
      try {
        InputStream body = entity.getContent();
        body.skipNBytes(entity.getContentLength());
        ended = body.read() < 0;
      } catch (IOException | IllegalStateException _) {
        // The connection is of no use then; it is closed below.
      }
    }
    cutOff(get, response, ended);
  }

  /** Closes an answer; unless it was read to its end, its connection too, without reading on. */
  static void cutOff(HttpUriRequestBase get, ClassicHttpResponse response, boolean ended) {
    if (!ended) {
      get.cancel();
    }
    try {
      response.close();
    } catch (IOException | IllegalStateException _) {
      // Nobody waits for what may still come.
    }
  }
}
