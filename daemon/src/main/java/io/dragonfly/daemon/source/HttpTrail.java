package io.dragonfly.daemon.source;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.NoHttpResponseException;

/**
 * The way of a request from one redirect to the next, by hand: what may be followed, what goes
 * along, where it ends. For the thread that opens.
 */
final class HttpTrail {
  private static final int MAX_REDIRECTS = 10;

  /** A body no longer than this is read to its end so that the connection can be kept. */
  private static final int MAX_DRAINED = 16 * 1024;

  private final HttpSource source;
  private final OriginRequest request;
  private final OriginUrl url;
  private final RequestHeaders headers;
  private final TrustStores.Trust trust;
  private final Abort abort;
  private final String redirectKey;
  private final long deadline;
  private boolean mayRepeatForStaleConnection = true;

  HttpTrail(
      HttpSource source,
      OriginRequest request,
      OriginUrl url,
      RequestHeaders headers,
      TrustStores.Trust trust,
      Abort abort,
      String redirectKey) {
    this.source = source;
    this.request = request;
    this.url = url;
    this.headers = headers;
    this.trust = trust;
    this.abort = abort;
    this.redirectKey = redirectKey;
    this.deadline = source.nanoTime() + request.timeout().toNanos();
  }

  /** An answer that is no redirect, with where it came from. */
  record Answer(
      OriginUrl from,
      boolean byRememberedRedirect,
      Map<String, String> carried,
      HttpUriRequestBase request,
      ClassicHttpResponse response) {
    int status() {
      return response.getCode();
    }
  }

  /** Follows redirects from {@code first} to an answer that is none. */
  Answer follow(
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
        boolean content = !request.head() && (status == 200 || status == 206);
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
    HttpUriRequestBase get = new DirectRequest(request.head() ? "HEAD" : "GET", target);
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
        ClassicHttpResponse response =
            source
                .engine()
                .send(
                    target,
                    attempt,
                    target.sameOrigin(url) ? trust : source.trust(request, target),
                    source.options().headerTimeout(),
                    Duration.ofNanos(remaining),
                    trip);
        if (trip.endedAtProxy()) {
          cutOff(attempt, response, false);
          throw Failures.tunnelRefused(response.getCode(), target);
        }
        return response;
      } catch (OriginException e) {
        throw e;
      } catch (IOException e) {
        abort.noticeInterrupt();
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

  /** What ended the look from outside. */
  OriginException aborted() {
    Abort.Reason reason = abort.reason();
    return Failures.aborted(
        reason == null ? Abort.Reason.DEADLINE : reason, url, request.timeout());
  }

  /** To the end of the request's timeout. */
  long remainingNanos() {
    return deadline - source.nanoTime();
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  /** Is done with an answer nobody reads: keeps its connection if little is left of it. */
  static void discard(HttpUriRequestBase get, ClassicHttpResponse response) {
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
