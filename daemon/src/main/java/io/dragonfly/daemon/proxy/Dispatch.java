package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.net.LoggableUrl;
import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.source.Passage;
import io.dragonfly.daemon.source.Sources;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says what each request is, and has it answered. One call for each, on a thread of its own. */
final class Dispatch {
  private static final Logger log = LoggerFactory.getLogger(Dispatch.class);
  private static final Logger access = LoggerFactory.getLogger("io.dragonfly.access.proxy");

  private final ProxyOptions options;
  private final TaskDownloads downloads;
  private final Sources sources;
  private final ProxyWatch watch;
  private final Challenges challenges = new Challenges();
  private final PassThrough origin;
  private final Tokens tokens;
  private final Destinations destinations;
  private final Registries registries;
  private final TaskChoice choice;
  private final Prefetches prefetches;
  private final Access users;
  private final RequestRate rate;
  private final Interception interception;
  private final Unveiled unveiled;
  private final Upgrades upgrades;

  /**
   * @param authority for the hosts that are answered here; see {@link Interception}
   * @param threads a thread for each request
   */
  Dispatch(
      ProxyOptions options,
      TaskDownloads downloads,
      Sources sources,
      Passage passage,
      ProxyWatch watch,
      int ownPort,
      Supplier<Optional<CertificateAuthority>> authority,
      Executor threads) {
    this.options = options;
    this.downloads = downloads;
    this.sources = sources;
    this.watch = watch;
    origin = new PassThrough(passage, challenges);
    tokens = new Tokens(origin, challenges, System::nanoTime);
    destinations = new Destinations(options.allowLinkLocal(), ownPort);
    registries = new Registries(options.registry());
    choice = new TaskChoice(options);
    prefetches = new Prefetches(downloads);
    users = new Access(options.user());
    rate = new RequestRate(options.requestsPerSecond(), System::nanoTime);
    interception =
        new Interception(options.rules(), registries.usual(), options.intercepted(), authority);
    Onward onward = new Onward(threads);
    upgrades = new Upgrades(onward);
    unveiled =
        new Unveiled(
            threads,
            this::answer,
            options.patience(),
            new Relays(origin, onward, rate::admits, watch, threads));
  }

  /** Answers a request, whatever happens; a failure midway breaks the connection. */
  void answer(Exchange exchange) {
    long begin = System.nanoTime();
    String outcome = "answered";
    watch.asked();
    try {
      dispatch(exchange);
    } catch (Refusal e) {
      outcome = refused(exchange, e);
    } catch (ClientGoneException e) {
      outcome = "client_gone";
      exchange.abort();
    } catch (IOException e) {
      outcome = "broken";
      log.warn(
          "event=proxy_answer_broken url={} sent={} reason=\"{}\"",
          shown(exchange),
          exchange.sent(),
          e.getMessage());
      exchange.abort();
    } catch (RuntimeException e) {
      outcome = "failed";
      log.error("event=proxy_failed url={}", shown(exchange), e);
      exchange.abort();
    }
    if (isFailure(outcome, exchange.status())) {
      watch.failed();
    }
    ByteCounts bytes = exchange.bytes();
    access.info(
        "method={} url={} status={} outcome={} bytes={} cache={} peers={} seed={} origin={}"
            + " millis={}",
        exchange.request().method(),
        shown(exchange),
        exchange.status(),
        outcome,
        exchange.sent(),
        bytes.cache(),
        bytes.peers(),
        bytes.seed(),
        bytes.origin(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
  }

  private static boolean isFailure(String outcome, int status) {
    return switch (outcome) {
      case "answered", "client_gone" -> false;
      case "refused" ->
          status != HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED.code()
              && status != HttpResponseStatus.UNAUTHORIZED.code();
      default -> true;
    };
  }

  private static String refused(Exchange exchange, Refusal refusal) {
    exchange.countBy(() -> ByteCounts.NONE);
    if (!exchange.hasBegun()) {
      try {
        Answers.refuse(exchange, refusal);
        return "refused";
      } catch (IOException e) {
        log.debug("event=proxy_refusal_not_sent", e);
      }
    }
    exchange.abort();
    return "broken";
  }

  private void dispatch(Exchange exchange) throws IOException, Refusal {
    HttpRequest request = exchange.request();
    if (!rate.admits()) {
      throw new Refusal(
          HttpResponseStatus.TOO_MANY_REQUESTS,
          Refusal.Type.PROXY,
          "More than "
              + options.requestsPerSecond()
              + " requests a second: come again later, or raise proxy.server.requestRateLimit.");
    }
    String target = request.uri();
    if (exchange.inside().isPresent()) {
      // Whoever is inside has shown at the CONNECT that it may use the proxy.
      Optional<String> host = Optional.ofNullable(request.headers().get(HttpHeaderNames.HOST));
      String url = Interception.url(exchange.inside().get(), target, host);
      answer(exchange, url, url.contains("/v2/"));
      return;
    }
    users.check(request);
    if (request.method().equals(HttpMethod.CONNECT)) {
      connect(exchange, named(target));
      return;
    }
    boolean mirror = target.startsWith("/");
    if (mirror && isPing(request) && !options.registryIsChosen()) {
      ping(exchange);
      return;
    }
    String url = mirror ? registries.url(target, request.headers().get(NAMED)) : absolute(target);
    answer(exchange, url, mirror || url.contains("/v2/"));
  }

  private void connect(Exchange exchange, HostPort place) throws IOException, Refusal {
    OriginPlace known = place(place, "https://" + Interception.authority(place) + "/");
    Optional<SslContext> tls = interception.of(place);
    if (tls.isPresent()) {
      unveiled.open(exchange, known, tls.get());
    } else {
      Tunnel.open(exchange, known);
    }
  }

  /** Where a request goes, and whether it may. */
  private OriginPlace place(HostPort name, String url) throws Refusal {
    Optional<Passage.Via> via = origin.via(url);
    return new OriginPlace(name, destinations.resolve(name, via.isPresent()), via);
  }

  private OriginPlace place(String url) throws Refusal {
    return place(Destinations.of(url), url);
  }

  private static final String NAMED = "X-Dragonfly-Registry";

  private void answer(Exchange exchange, String url, boolean registry) throws IOException, Refusal {
    if (Upgrades.isWebSocket(exchange.request()) && !exchange.isStream()) {
      upgrades.answer(exchange, origin.way(url), place(url));
      return;
    }
    if (tokens.concern(exchange.request(), url)) {
      var _ = place(url);
      tokens.answer(exchange, url);
      return;
    }
    Optional<TaskAsk> ask = choice.of(exchange.request(), url, registry);
    String where = ask.map(TaskAsk::url).orElse(url);
    var _ = place(where);
    if (ask.isPresent()) {
      watch.throughSwarm();
      TaskAnswer task =
          new TaskAnswer(downloads, sources, options.ip(), challenges, exchange, ask.get());
      if (exchange.headers().contains(HttpHeaderNames.RANGE)
          && choice.prefetches(exchange.headers())) {
        prefetches.begin(ask.get());
      }
      if (task.answer()) {
        return;
      }
    }
    try {
      origin.answer(exchange, where);
    } catch (Refusal e) {
      Optional<TaskAsk> head = choice.ofHead(exchange.request(), where);
      if (head.isPresent()
          && !exchange.hasBegun()
          && e.status().equals(HttpResponseStatus.BAD_GATEWAY)) {
        TaskAnswer task =
            new TaskAnswer(downloads, sources, options.ip(), challenges, exchange, head.get());
        if (task.answerHead()) {
          return;
        }
      }
      throw e;
    }
  }

  static HostPort named(String authority) throws Refusal {
    try {
      return HostPort.parse(authority);
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest("CONNECT needs a host and a port: " + e.getMessage());
    }
  }

  static String absolute(String target) throws Refusal {
    String lower = target.toLowerCase(Locale.ROOT);
    if (!lower.startsWith("http://") && !lower.startsWith("https://")) {
      throw Refusal.badRequest(
          "The request's target is neither a path nor a URL of http or https.");
    }
    int fragment = target.indexOf('#');
    return fragment < 0 ? target : target.substring(0, fragment);
  }

  /** Whether somebody asks for the API as such, without a registry's name. */
  private static boolean isPing(HttpRequest request) {
    return (request.uri().equals("/v2/") || request.uri().equals("/v2"))
        && !request.headers().contains(NAMED);
  }

  /** Which registry will be asked shows later: this one needs no credentials. */
  private static void ping(Exchange exchange) throws IOException {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.set("Docker-Distribution-Api-Version", "registry/2.0");
    headers.set(HttpHeaderNames.CONTENT_TYPE, "application/json");
    exchange.answer(HttpResponseStatus.OK, headers, new byte[] {'{', '}'});
  }

  private static String shown(Exchange exchange) {
    String uri = exchange.request().uri();
    Optional<HostPort> inside = exchange.inside();
    if (inside.isPresent() && uri.startsWith("/")) {
      return LoggableUrl.of("https://" + Interception.authority(inside.get()) + uri);
    }
    return uri.startsWith("/")
        ? LoggableUrl.of("mirror://" + uri.substring(1))
        : exchange.request().method().equals(HttpMethod.CONNECT)
            ? LoggableUrl.of("connect://" + uri)
            : LoggableUrl.of(uri);
  }
}
