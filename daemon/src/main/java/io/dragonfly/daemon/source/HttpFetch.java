package io.dragonfly.daemon.source;

import io.dragonfly.daemon.source.AnswerCheck.Verdict;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One look at an http origin, from the first attempt to an answer whose head fits: sets out on the
 * {@link HttpTrail} again where that failed for the moment, and hands what it led to to {@link
 * AnswerCheck}. For the thread that opens.
 */
final class HttpFetch {
  private static final Logger log = LoggerFactory.getLogger(HttpFetch.class);

  /** The answers to which a remembered redirect is forgotten: a signed target has expired. */
  private static final Set<Integer> FORGET_REDIRECT = Set.of(400, 401, 403, 404, 410);

  private final HttpSource source;
  private final OriginRequest request;
  private final OriginUrl url;
  private final RequestHeaders headers;
  private final Abort abort;
  private final String identity;
  private final HttpTrail trail;
  private boolean mayUseRememberedRedirect;

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
    this.abort = abort;
    this.identity = headers.fingerprint() + trust.key() + url.identity();
    this.trail = new HttpTrail(source, request, url, headers, trust, abort, identity);
    this.mayUseRememberedRedirect = source.options().cacheRedirects() && !request.head();
  }

  /** Who asks for what, credentials as a fingerprint; never for a message. */
  String identity() {
    return identity;
  }

  OriginResponse run() throws OriginException {
    boolean part = request.range().isPart();
    for (; ; ) {
      HttpTrail.Answer answer = answer(part);
      Optional<OriginResponse> accepted;
      try {
        accepted = judge(answer, part);
      } catch (OriginException e) {
        HttpTrail.cutOff(answer.request(), answer.response(), false);
        throw e;
      }
      if (accepted.isPresent()) {
        return accepted.get();
      }
      HttpTrail.discard(answer.request(), answer.response());
      part = false;
    }
  }

  /** The response; empty if the origin is to be asked again for the whole. */
  private Optional<OriginResponse> judge(HttpTrail.Answer answer, boolean part)
      throws OriginException {
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
      HttpTrail.Answer answer, Verdict.Accepted accepted, Map<String, String> entity)
      throws OriginException {
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

  private OriginException rejected(HttpTrail.Answer answer, Kind kind, String why) {
    if (answer.byRememberedRedirect()) {
      source.redirects().remove(identity);
    }
    String message = Failures.of(kind, answer.from(), why).getMessage();
    return new OriginException(
        kind,
        message == null ? why : message,
        null,
        OptionalInt.of(answer.status()),
        AnswerHeaders.refusal(answer.response()));
  }

  private OriginException refusal(HttpTrail.Answer answer) {
    return Failures.refused(
        answer.status(),
        AnswerHeaders.refusal(answer.response()),
        answer.from(),
        headers.withholds(answer.from()));
  }

  private AnswerCheck.Head head(ClassicHttpResponse response, Map<String, String> entity) {
    HttpEntity body = response.getEntity();
    long framed = body == null ? bodiless(response) : body.getContentLength();
    Header contentRange = response.getFirstHeader("Content-Range");
    Header acceptRanges = response.getFirstHeader("Accept-Ranges");
    return new AnswerCheck.Head(
        response.getCode(),
        framed < 0 ? OptionalLong.empty() : OptionalLong.of(framed),
        Optional.ofNullable(contentRange).map(Header::getValue),
        acceptRanges != null && "bytes".equalsIgnoreCase(acceptRanges.getValue().strip()),
        entity);
  }

  /** To HEAD an answer says the length that its body would have; -1 where it does not. */
  private long bodiless(ClassicHttpResponse response) {
    if (!request.head()) {
      return 0;
    }
    Header length = response.getFirstHeader("Content-Length");
    return length == null ? -1 : ContentRange.number(length.getValue().strip()).orElse(-1);
  }

  /** Attempts until there is an answer that another attempt would not change. */
  private HttpTrail.Answer answer(boolean part) throws OriginException {
    for (int attempt = 0; ; attempt++) {
      OriginException failure;
      Optional<Duration> retryAfter = Optional.empty();
      try {
        HttpTrail.Answer answer = askWithRememberedRedirect(part);
        if (!Failures.isTransient(answer.status())) {
          return answer;
        }
        failure = refusal(answer);
        retryAfter =
            Optional.ofNullable(answer.response().getFirstHeader("Retry-After"))
                .flatMap(h -> Backoff.retryAfter(h.getValue(), source.now()));
        HttpTrail.discard(answer.request(), answer.response());
      } catch (OriginException e) {
        failure = e;
      }
      boolean worthIt = failure.kind() == Kind.UNAVAILABLE || failure.kind() == Kind.IO;
      int status = failure.status().orElse(0);
      boolean waitedLong = failure.getCause() instanceof SocketTimeoutException;
      if (!worthIt || waitedLong || status == 501 || status == 505) {
        throw failure;
      }
      Duration pause = source.backoff().pause(attempt, retryAfter);
      if (attempt >= source.options().maxRetries() || pause.toNanos() >= trail.remainingNanos()) {
        throw failure;
      }
      log.debug(
          "event=origin_retry url={} attempt={} pause-millis={} reason=\"{}\"",
          url,
          attempt + 1,
          pause.toMillis(),
          failure.getMessage());
      if (!abort.pause(pause)) {
        throw trail.aborted();
      }
    }
  }

  /** One attempt, by the remembered way first; if that fails, by the original URL at once. */
  private HttpTrail.Answer askWithRememberedRedirect(boolean part) throws OriginException {
    if (mayUseRememberedRedirect) {
      Optional<RedirectCache.Target> remembered = source.redirects().find(identity);
      if (remembered.isPresent()) {
        try {
          RedirectCache.Target target = remembered.get();
          HttpTrail.Answer answer = trail.follow(target.url(), true, target.headers(), part);
          if (!FORGET_REDIRECT.contains(answer.status())) {
            return answer;
          }
          HttpTrail.discard(answer.request(), answer.response());
        } catch (OriginException e) {
          if (e.kind() == Kind.CANCELLED || trail.remainingNanos() <= 0) {
            throw e;
          }
        }
        source.redirects().remove(identity);
        mayUseRememberedRedirect = false;
      }
    }
    return trail.follow(url, false, Map.of(), part);
  }
}
