package io.dragonfly.daemon.source;

import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.io.HttpRequestExecutor;
import org.apache.hc.core5.http.io.HttpClientConnection;
import org.apache.hc.core5.http.io.HttpResponseInformationCallback;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * Connections to origins: one request, one answer. Whatever the library would do by itself beyond
 * that (redirects, repetitions, cookies, decompression, authentication of users) is off. Safe for
 * use by many threads.
 *
 * <p>A direct connection of TLS offers HTTP/2 with HTTP/1.1. An origin that chooses it is asked by
 * {@link Http2Engine} from then on; that choice costs one connection. Requests with a body, and
 * those that go through a proxy, are made over HTTP/1.1.
 */
final class HttpEngine implements AutoCloseable {
  private static final String TRUST = "dragonfly.trust";
  private static final String REUSED = "dragonfly.reused";
  private static final String METHOD = "dragonfly.method";
  private static final String OFFER = "dragonfly.offer-http2";
  private static final int MAX_HEADER_LINE = 64 * 1024;
  private static final int MAX_HEADERS = 256;
  private static final TimeValue CHECK_AFTER_IDLE = TimeValue.ofSeconds(1);
  private static final TimeValue CLOSE_AFTER_IDLE = TimeValue.ofSeconds(60);

  private final ProxyRules proxies;
  private final GuardedNames names;
  private final PoolingHttpClientConnectionManager pool;
  private final CloseableHttpClient client;
  private final Http2Engine http2;
  private final Http2Origins http2Origins = new Http2Origins(System::nanoTime);
  private final boolean offersHttp2;

  HttpEngine(SourceOptions options) {
    proxies = ProxyRules.of(options.environment());
    names =
        new GuardedNames(
            options.allowLinkLocal(),
            proxies.proxies().stream().map(ProxyRules.Proxy::host).collect(Collectors.toSet()));
    pool = pool(options, names);
    http2 = new Http2Engine(options, names);
    offersHttp2 = options.http2();
    BasicCredentialsProvider proxyUsers = new BasicCredentialsProvider();
    for (ProxyRules.Proxy proxy : proxies.proxies()) {
      proxy
          .authorization()
          .ifPresent(user ->
              proxyUsers.setCredentials(
                  new AuthScope(proxy.host(), proxy.port()),
                  new UsernamePasswordCredentials(user.user(), user.password().toCharArray())));
    }
    client =
        HttpClients.custom()
            .setConnectionManager(pool)
            .setRequestExecutor(new Exchanger(options.stallTimeout()))
            .setRoutePlanner(new ProxiedRoutes(proxies))
            .setDefaultCredentialsProvider(proxyUsers)
            .disableAutomaticRetries()
            .disableRedirectHandling()
            .disableCookieManagement()
            .disableContentCompression()
            .disableAuthCaching()
            .disableDefaultUserAgent()
            .evictExpiredConnections()
            .evictIdleConnections(CLOSE_AFTER_IDLE)
            .build();
  }

  private static PoolingHttpClientConnectionManager pool(
      SourceOptions options, GuardedNames names) {
    Timeout connect = timeout(options.connectTimeout());
    return PoolingHttpClientConnectionManagerBuilder.create()
        .setConnectionFactory(
            ManagedHttpClientConnectionFactory.builder()
                .http1Config(
                    Http1Config.custom()
                        .setMaxLineLength(MAX_HEADER_LINE)
                        .setMaxHeaderCount(MAX_HEADERS)
                        .build())
                .build())
        .setDnsResolver(names)
        .setTlsSocketStrategy((socket, target, port, attachment, context) -> {
          TrustStores.Trust trust =
              (TrustStores.Trust) Objects.requireNonNull(context.getAttribute(TRUST));
          return Boolean.TRUE.equals(context.getAttribute(OFFER))
              ? trust.offerHttp2(socket, target, port, attachment, context)
              : trust.strategy().upgrade(socket, target, port, attachment, context);
        })
        .setPoolConcurrencyPolicy(PoolConcurrencyPolicy.STRICT)
        .setMaxConnPerRoute(options.maxConnectionsPerOrigin())
        .setMaxConnTotal(options.maxConnections())
        .setDefaultSocketConfig(
            SocketConfig.custom()
                .setTcpNoDelay(true)
                .setSoKeepAlive(true)
                .setSoTimeout(timeout(options.headerTimeout()))
                .build())
        .setDefaultConnectionConfig(
            ConnectionConfig.custom()
                .setConnectTimeout(connect)
                .setSocketTimeout(timeout(options.headerTimeout()))
                .setValidateAfterInactivity(CHECK_AFTER_IDLE)
                .build())
        .setDefaultTlsConfig(TlsConfig.custom().setHandshakeTimeout(connect).build())
        .build();
  }

  /** Remembers of one request how it went: over a kept connection, or no farther than a proxy. */
  static final class Trip {
    private final HttpClientContext context = HttpClientContext.create();

    boolean reusedConnection() {
      return Boolean.TRUE.equals(context.getAttribute(REUSED));
    }

    void overKept(boolean reused) {
      context.setAttribute(REUSED, reused);
    }

    /** Whether the answer is not the origin's but that of a proxy which refuses the way there. */
    boolean endedAtProxy() {
      return "CONNECT".equals(context.getAttribute(METHOD));
    }
  }

  /**
   * Sends a request and returns with the head of the answer.
   *
   * @param remaining how long connecting, waiting for a free connection and waiting for the answer
   *     may take each
   */
  ClassicHttpResponse send(
      OriginUrl target,
      HttpUriRequestBase request,
      TrustStores.Trust trust,
      Duration headerTimeout,
      Duration remaining,
      Trip trip)
      throws IOException {
    Duration answer = headerTimeout.compareTo(remaining) < 0 ? headerTimeout : remaining;
    boolean direct = proxyOf(target).isEmpty();
    if (!direct) {
      names.checkLiteral(target.host());
    }
    boolean offer = offersHttp2 && direct && target.isTls() && request.getEntity() == null;
    if (offer && http2Origins.contains(target)) {
      try {
        return http2.send(target, request, trust, answer, remaining, trip);
      } catch (Http2Connector.NotHttp2Exception _) {
        http2Origins.remove(target);
      }
    }
    trip.context.setAttribute(OFFER, offer);
    try {
      return sendByHttp1(target, request, trust, answer, remaining, trip);
    } catch (TrustStores.Http2ChosenException _) {
      http2Origins.add(target);
      return http2.send(target, request, trust, answer, remaining, trip);
    }
  }

  /** The proxy on the way to an origin. */
  Optional<ProxyRules.Proxy> proxyOf(OriginUrl target) {
    return proxies.proxyFor(target.scheme(), target.host(), target.port());
  }

  private ClassicHttpResponse sendByHttp1(
      OriginUrl target,
      HttpUriRequestBase request,
      TrustStores.Trust trust,
      Duration answer,
      Duration remaining,
      Trip trip)
      throws IOException {
    request.setConfig(
        RequestConfig.custom()
            .setConnectionRequestTimeout(timeout(remaining))
            .setResponseTimeout(timeout(answer))
            .setProtocolUpgradeEnabled(false)
            .setRedirectsEnabled(false)
            .setContentCompressionEnabled(false)
            .build());
    trip.context.setAttribute(TRUST, trust);
    // As the connection's state, this keeps connections of different trust apart in the pool.
    trip.context.setUserToken(trust.key().isEmpty() ? null : trust.key());
    HttpHost host = new HttpHost(target.scheme(), target.host(), target.port());
    return client.executeOpen(host, request, trip.context);
  }

  /** Closes the connections that wait for their next request. */
  void closeIdle() {
    pool.closeIdle(TimeValue.ZERO_MILLISECONDS);
  }

  /** Connections in use and idle ones, for tests and metrics. */
  int openConnections() {
    return pool.getTotalStats().getLeased()
        + pool.getTotalStats().getAvailable()
        + http2.openConnections();
  }

  @Override
  public void close() {
    http2.close();
    client.close(CloseMode.IMMEDIATE);
  }

  private static Timeout timeout(Duration duration) {
    return Timeout.ofMilliseconds(Math.max(1, duration.toMillis()));
  }

  /** Goes through the proxies of the environment. */
  private static final class ProxiedRoutes extends DefaultRoutePlanner {
    private final ProxyRules rules;

    ProxiedRoutes(ProxyRules rules) {
      super(null);
      this.rules = rules;
    }

    @Override
    protected @Nullable HttpHost determineProxy(HttpHost target, HttpContext context) {
      Optional<ProxyRules.Proxy> proxy =
          rules.proxyFor(target.getSchemeName(), target.getHostName(), target.getPort());
      return proxy.map(p -> new HttpHost("http", p.host(), p.port())).orElse(null);
    }
  }

  /**
   * Sees to two things around an exchange: a kept connection on which something arrived unasked is
   * not used (what came could pass for the next answer), and once the answer's head is there, the
   * socket's timeout becomes that of a stalled body.
   */
  private static final class Exchanger extends HttpRequestExecutor {
    private static final Timeout AT_ONCE = Timeout.ofMilliseconds(1);

    private final Timeout stall;

    Exchanger(Duration stall) {
      this.stall = timeout(stall);
    }

    @Override
    public ClassicHttpResponse execute(
        ClassicHttpRequest request,
        HttpClientConnection connection,
        @Nullable HttpResponseInformationCallback informationCallback,
        HttpContext context)
        throws IOException, HttpException {
      boolean reused = connection.getEndpointDetails().getRequestCount() > 0;
      context.setAttribute(REUSED, reused);
      context.setAttribute(METHOD, request.getMethod());
      if (reused && connection.isDataAvailable(AT_ONCE)) {
        connection.close(CloseMode.IMMEDIATE);
        throw new NoHttpResponseException("the kept connection holds data nobody asked for");
      }
      ClassicHttpResponse response =
          super.execute(request, connection, informationCallback, context);
      connection.setSocketTimeout(stall);
      return response;
    }
  }
}
