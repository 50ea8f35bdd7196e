package io.dragonfly.daemon.source;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Reads http and https origins. Every look is one {@link HttpFetch}; here is what they share: the
 * connections, the trusted certificates, the remembered redirects, and a thread that ends looks
 * whose time is over.
 */
final class HttpSource implements Source {
  /** Makes the source for the schemes that are always there. */
  static final class HttpFactory implements Factory {
    @Override
    public Set<String> schemes() {
      return OriginUrl.SCHEMES;
    }

    @Override
    public Source create(SourceOptions options) {
      return new HttpSource(options, new Random(), System::nanoTime, InstantSource.system());
    }
  }

  private final SourceOptions options;
  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final HttpEngine engine;
  private final TrustStores trustStores;
  private final RedirectCache redirects;
  private final RecentRefusals refusals;
  private final Backoff backoff;
  private final Cancellation closing = new Cancellation();
  private final ScheduledThreadPoolExecutor deadlines;

  /**
   * @param random for the jitter of pauses; used by many threads
   */
  HttpSource(
      SourceOptions options, RandomGenerator random, LongSupplier nanoTime, InstantSource clock) {
    this.options = options;
    this.nanoTime = nanoTime;
    this.clock = clock;
    this.trustStores = new TrustStores(options);
    this.redirects = new RedirectCache(options.redirectTtl(), nanoTime);
    this.refusals = new RecentRefusals(options.refusalTtl(), nanoTime);
    this.backoff = new Backoff(options.firstPause(), options.maxPause(), random);
    this.engine = new HttpEngine(options);
    this.deadlines =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("origin-deadlines").factory());
    this.deadlines.setRemoveOnCancelPolicy(true);
  }

  @Override
  public Set<String> schemes() {
    return OriginUrl.SCHEMES;
  }

  @Override
  public OriginResponse open(OriginRequest request) throws OriginException {
    OriginUrl url = OriginUrl.parse(request.url());
    RequestHeaders headers = RequestHeaders.of(url, request.headers(), options);
    TrustStores.Trust trust = trustStores.trust(request.certificateChain(), url);
    Abort abort = new Abort(request.cancellation(), closing);
    boolean opened = false;
    try {
      startTimer(abort, request.timeout(), url);
      OriginResponse response =
          look(request, new HttpFetch(this, request, url, headers, trust, abort), abort);
      opened = true;
      return response;
    } finally {
      if (!opened) {
        abort.close();
      }
    }
  }

  /** Who goes on with a version is past what a first look may be refused by. */
  private OriginResponse look(OriginRequest request, HttpFetch fetch, Abort abort)
      throws OriginException {
    if (request.expected().isPresent()) {
      return fetch.run();
    }
    try (RecentRefusals.Look look = refusals.begin(fetch.identity(), abort)) {
      try {
        return fetch.run();
      } catch (OriginException e) {
        look.failed(e);
        throw e;
      }
    }
  }

  private void startTimer(Abort abort, Duration timeout, OriginUrl url) throws OriginException {
    try {
      abort.timer(
          deadlines.schedule(abort::deadlineReached, timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (RejectedExecutionException _) {
      throw Failures.of(Kind.CANCELLED, url, "the program is being shut down.");
    }
  }

  SourceOptions options() {
    return options;
  }

  HttpEngine engine() {
    return engine;
  }

  /** What to believe of where a redirect led. */
  TrustStores.Trust trust(OriginRequest request, OriginUrl target) throws OriginException {
    return trustStores.trust(request.certificateChain(), target);
  }

  RedirectCache redirects() {
    return redirects;
  }

  Backoff backoff() {
    return backoff;
  }

  long nanoTime() {
    return nanoTime.getAsLong();
  }

  Instant now() {
    return clock.instant();
  }

  @Override
  public void close() {
    closing.cancel("the source is closed");
    deadlines.shutdownNow();
    engine.close();
  }
}
