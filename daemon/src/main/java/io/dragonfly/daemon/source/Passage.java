package io.dragonfly.daemon.source;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;
import org.jspecify.annotations.Nullable;

/**
 * Passes requests on to http and https origins as they come, and their answers back as they come:
 * no redirect is followed, nothing is repeated, unpacked, remembered or checked. Certificates,
 * timeouts and the proxies of the environment are those of {@link SourceOptions}. Safe for many
 * threads; made ready when it is first used.
 */
public final class Passage implements AutoCloseable {
  /** A header, named as it was written. */
  public record Field(String name, String value) {
    /** Without the value, which may be secret. */
    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * A request to pass on.
   *
   * @param headers all but Host, Content-Length and those of the connection
   * @param body absent for a request without one
   * @param bodyLength bytes; empty to send it chunked
   */
  public record Ask(
      String method,
      String url,
      List<Field> headers,
      Optional<InputStream> body,
      OptionalLong bodyLength) {
    public Ask {
      headers = List.copyOf(headers);
    }

    /** Without URL and headers, which may hold credentials. */
    @Override
    public String toString() {
      return "Ask[" + method + "]";
    }
  }

  private final SourceOptions options;
  private final TrustStores trust;
  private final Cancellation closing = new Cancellation();
  private @Nullable HttpEngine engine;

  public Passage(SourceOptions options) {
    this.options = options;
    this.trust = new TrustStores(options);
  }

  private synchronized HttpEngine engine() throws OriginException {
    if (closing.isCancelled()) {
      throw new OriginException(Kind.CANCELLED, "The program is being shut down.", null);
    }
    if (engine == null) {
      engine = new HttpEngine(options);
    }
    return engine;
  }

  /**
   * Sends a request and returns when its answer's head is there. Blocks; a cancellation ends the
   * wait and, later, the reading of the body. A request without a body is sent once more where a
   * kept connection turns out to be closed.
   *
   * @throws OriginException when there is no answer; BAD_URL, UNSUPPORTED_SCHEME and BAD_HEADER are
   *     the asker's mistakes
   */
  public Answer send(Ask ask, Cancellation cancellation) throws OriginException {
    OriginUrl url = OriginUrl.parse(ask.url());
    Optional<Answer> first = attempt(ask, url, cancellation, ask.body().isEmpty());
    if (first.isPresent()) {
      return first.get();
    }
    engine().closeIdle();
    return attempt(ask, url, cancellation, false).orElseThrow();
  }

  /**
   * Where a request goes that its sender writes itself.
   *
   * @param host an IPv6 address without brackets
   * @param authority as in Host
   * @param target path and query
   * @param tls with which a connection begins; absent for http
   * @param via the proxy that is asked by CONNECT to lead there; absent for the direct way
   */
  public record Way(
      String host,
      int port,
      String authority,
      String target,
      Optional<SSLContext> tls,
      Optional<Via> via) {
    /** Without path and query, which may hold credentials. */
    @Override
    public String toString() {
      return "Way[" + authority + "]";
    }
  }

  /**
   * A proxy of the environment or of the configuration.
   *
   * @param user empty where it wants none, and no password then
   */
  public record Via(String host, int port, String user, String password) {
    /** Without user and password. */
    @Override
    public String toString() {
      return "Via[" + host + ":" + port + "]";
    }
  }

  /**
   * The proxy on the way to an origin, if any.
   *
   * @throws OriginException BAD_URL, UNSUPPORTED_SCHEME, CANCELLED
   */
  public Optional<Via> via(String url) throws OriginException {
    return via(OriginUrl.parse(url));
  }

  private Optional<Via> via(OriginUrl url) throws OriginException {
    return engine()
        .proxyOf(url)
        .map(proxy ->
            new Via(
                proxy.host(),
                proxy.port(),
                proxy.authorization().map(ProxyRules.UserAndPassword::user).orElse(""),
                proxy.authorization().map(ProxyRules.UserAndPassword::password).orElse("")));
  }

  /**
   * The way to an origin, for bytes that are not an exchange of HTTP.
   *
   * @throws OriginException BAD_URL, UNSUPPORTED_SCHEME, TLS, CANCELLED
   */
  public Way way(String url) throws OriginException {
    OriginUrl parsed = OriginUrl.parse(url);
    try {
      return new Way(
          parsed.host(),
          parsed.port(),
          DirectRequest.authority(parsed).toString(),
          parsed.target(),
          parsed.isTls() ? Optional.of(trust.trust(List.of(), parsed).context()) : Optional.empty(),
          via(parsed));
    } catch (SSLException e) {
      throw Failures.beforeAnswer(e, parsed, options);
    }
  }

  /** Empty when the connection was a kept one that the origin had closed, and that is allowed. */
  private Optional<Answer> attempt(
      Ask ask, OriginUrl url, Cancellation cancellation, boolean mayBeStale)
      throws OriginException {
    HttpUriRequestBase request = request(ask, url);
    List<Cancellation.Registration> registrations =
        List.of(cancellation.onCancel(request::cancel), closing.onCancel(request::cancel));
    HttpEngine.Trip trip = new HttpEngine.Trip();
    boolean answered = false;
    try {
      Duration patience = options.headerTimeout();
      ClassicHttpResponse response =
          engine().send(url, request, trust.trust(List.of(), url), patience, patience, trip);
      if (trip.endedAtProxy()) {
        HttpTrail.cutOff(request, response, false);
        throw Failures.tunnelRefused(response.getCode(), url);
      }
      Answer answer = new Answer(request, response, registrations);
      answered = true;
      return Optional.of(answer);
    } catch (IOException e) {
      boolean stale = e instanceof NoHttpResponseException || e instanceof SocketException;
      if (mayBeStale && stale && trip.reusedConnection() && !cancellation.isCancelled()) {
        return Optional.empty();
      }
      throw Failures.beforeAnswer(e, url, options);
    } catch (RuntimeException e) {
      // What the library throws where a request is cancelled under its hands.
      if (cancellation.isCancelled() || closing.isCancelled()) {
        throw new OriginException(Kind.CANCELLED, "The request was given up.", e);
      }
      throw e;
    } finally {
      if (!answered) {
        registrations.forEach(Cancellation.Registration::close);
      }
    }
  }

  private static HttpUriRequestBase request(Ask ask, OriginUrl url) throws OriginException {
    DirectRequest request = new DirectRequest(ask.method(), url);
    for (Field field : ask.headers()) {
      if (field.value().chars().anyMatch(c -> c < 0x20 && c != '\t')) {
        throw new OriginException(
            Kind.BAD_HEADER,
            "The value of the request header " + field.name() + " holds a control character.",
            null);
      }
      request.addHeader(field.name(), field.value());
    }
    if (ask.body().isPresent()) {
      request.setEntity(
          new InputStreamEntity(ask.body().get(), ask.bodyLength().orElse(-1), (ContentType) null));
    }
    return request;
  }

  @Override
  public void close() {
    closing.cancel("the program is being shut down");
    synchronized (this) {
      if (engine != null) {
        engine.close();
      }
    }
  }

  /** An answer whose body is being read. For one thread; close it in every case. */
  public static final class Answer implements AutoCloseable {
    private final HttpUriRequestBase request;
    private final ClassicHttpResponse response;
    private final List<Cancellation.Registration> registrations;
    private final OptionalLong length;
    private final @Nullable InputStream body;
    private boolean ended;

    private Answer(
        HttpUriRequestBase request,
        ClassicHttpResponse response,
        List<Cancellation.Registration> registrations)
        throws IOException {
      this.request = request;
      this.response = response;
      this.registrations = registrations;
      var entity = response.getEntity();
      body = entity == null ? null : entity.getContent();
      length =
          entity == null || entity.getContentLength() < 0
              ? OptionalLong.empty()
              : OptionalLong.of(entity.getContentLength());
    }

    public int status() {
      return response.getCode();
    }

    /** As they came, each line for itself. */
    public List<Field> headers() {
      List<Field> fields = new ArrayList<>();
      for (Header header : response.getHeaders()) {
        fields.add(new Field(header.getName(), header.getValue() == null ? "" : header.getValue()));
      }
      return fields;
    }

    public boolean hasBody() {
      return body != null;
    }

    /** Bytes of the body as announced. */
    public OptionalLong bodyLength() {
      return length;
    }

    /**
     * Reads what has arrived, at least one byte.
     *
     * @return how many bytes; -1 at the proper end
     * @throws IOException when the body ends early or stalls
     */
    public int read(byte[] target) throws IOException {
      if (body == null) {
        return -1;
      }
      int count = body.read(target);
      ended |= count < 0;
      return count;
    }

    @Override
    public void close() {
      registrations.forEach(Cancellation.Registration::close);
      HttpTrail.cutOff(request, response, ended || body == null);
    }
  }
}
