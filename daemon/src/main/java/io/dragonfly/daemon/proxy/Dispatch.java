package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.net.LoggableUrl;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.source.Passage;
import io.dragonfly.daemon.source.Sources;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
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
  private final PassThrough origin;
  private final Destinations destinations;
  private final Registries registries;
  private final TaskChoice choice;
  private final Prefetches prefetches;
  private final Access users;
  private final RequestRate rate;

  Dispatch(
      ProxyOptions options,
      TaskDownloads downloads,
      Sources sources,
      Passage passage,
      ProxyWatch watch,
      int ownPort) {
    this.options = options;
    this.downloads = downloads;
    this.sources = sources;
    this.watch = watch;
    origin = new PassThrough(passage);
    destinations = new Destinations(options.allowLinkLocal(), ownPort);
    registries = new Registries(options.registry());
    choice = new TaskChoice(options);
    prefetches = new Prefetches(downloads);
    users = new Access(options.user());
    rate = new RequestRate(options.requestsPerSecond(), System::nanoTime);
  }

  /** Answers a request, whatever happens; a failure midway breaks the connection. */
  void answer(Exchange exchange) {
    long begin = System.nanoTime();
    ByteCounts bytes = ByteCounts.NONE;
    String outcome = "answered";
    watch.asked();
    try {
      bytes = dispatch(exchange);
    } catch (Refusal e) {
      outcome = refused(exchange, e);
    } catch (ClientGoneException e) {
      outcome = "client_gone";
      exchange.abort();
    } catch (IOException e) {
      outcome = "broken";
      log.warn(
          "event=proxy_answer_broken url={} sent={} reason=\"{}\"",
          shown(exchange.request()),
          exchange.sent(),
          e.getMessage());
      exchange.abort();
    } catch (RuntimeException e) {
      outcome = "failed";
      log.error("event=proxy_failed url={}", shown(exchange.request()), e);
      exchange.abort();
    }
    if (isFailure(outcome, exchange.status())) {
      watch.failed();
    }
    access.info(
        "method={} url={} status={} outcome={} bytes={} cache={} peers={} seed={} origin={}"
            + " millis={}",
        exchange.request().method(),
        shown(exchange.request()),
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
      case "refused" -> status != HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED.code();
      default -> true;
    };
  }

  private static String refused(Exchange exchange, Refusal refusal) {
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

  private ByteCounts dispatch(Exchange exchange) throws IOException, Refusal {
    HttpRequest request = exchange.request();
    if (!rate.admits()) {
      throw new Refusal(
          HttpResponseStatus.TOO_MANY_REQUESTS,
          Refusal.Type.PROXY,
          "More than "
              + options.requestsPerSecond()
              + " requests a second: come again later, or raise proxy.server.requestRateLimit.");
    }
    users.check(request.headers());
    if (request.method().equals(HttpMethod.CONNECT)) {
      HostPort place = place(request.uri());
      Tunnel.open(exchange, place, destinations.resolve(place));
      return ByteCounts.NONE;
    }
    String target = request.uri();
    boolean mirror = target.startsWith("/");
    if (mirror && isPing(request) && !options.registryIsChosen()) {
      ping(exchange);
      return ByteCounts.NONE;
    }
    String url = mirror ? registries.url(target, request.headers().get(NAMED)) : absolute(target);
    return answer(exchange, url, mirror || url.contains("/v2/"));
  }

  private static final String NAMED = "X-Dragonfly-Registry";

  private ByteCounts answer(Exchange exchange, String url, boolean registry)
      throws IOException, Refusal {
    Optional<TaskAsk> ask = choice.of(exchange.request(), url, registry);
    String where = ask.map(TaskAsk::url).orElse(url);
    var _ = destinations.resolve(Destinations.of(where));
    if (ask.isPresent()) {
      watch.throughSwarm();
      TaskAnswer task = new TaskAnswer(downloads, sources, options.ip(), exchange, ask.get());
      if (exchange.headers().contains(HttpHeaderNames.RANGE)
          && choice.prefetches(exchange.headers())) {
        prefetches.begin(ask.get());
      }
      if (task.answer()) {
        return task.bytes();
      }
    }
    origin.answer(exchange, where);
    return new ByteCounts(0, 0, 0, exchange.sent());
  }

  private static HostPort place(String authority) throws Refusal {
    try {
      return HostPort.parse(authority);
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest("CONNECT needs a host and a port: " + e.getMessage());
    }
  }

  private static String absolute(String target) throws Refusal {
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

  private static String shown(HttpRequest request) {
    String uri = request.uri();
    return uri.startsWith("/")
        ? LoggableUrl.of("mirror://" + uri.substring(1))
        : request.method().equals(HttpMethod.CONNECT)
            ? LoggableUrl.of("connect://" + uri)
            : LoggableUrl.of(uri);
  }
}
