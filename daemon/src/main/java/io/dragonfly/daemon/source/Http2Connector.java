package io.dragonfly.daemon.source;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.protocol.HttpProcessorBuilder;
import org.apache.hc.core5.http2.HttpVersionPolicy;
import org.apache.hc.core5.http2.config.H2Config;
import org.apache.hc.core5.http2.impl.nio.ClientH2PrefaceHandler;
import org.apache.hc.core5.http2.impl.nio.ClientH2StreamMultiplexerFactory;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.reactor.DefaultConnectingIOReactor;
import org.apache.hc.core5.reactor.IOReactorConfig;
import org.apache.hc.core5.reactor.IOSession;
import org.apache.hc.core5.reactor.ProtocolIOSession;
import org.apache.hc.core5.reactor.ssl.TlsDetails;
import org.apache.hc.core5.reactor.ssl.TransportSecurityLayer;
import org.apache.hc.core5.util.Timeout;

/** Makes connections that speak HTTP/2 over TLS. A few threads serve all of them. */
final class Http2Connector implements AutoCloseable {
  private static final int THREADS = 2;
  private static final int MAX_HEADERS = 64 * 1024;

  private static final H2Config CONFIG =
      H2Config.custom()
          .setPushEnabled(false)
          .setInitialWindowSize(Http2Windows.FIRST)
          .setMaxHeaderListSize(MAX_HEADERS)
          .build();

  private final Duration timeout;
  private final DnsResolver names;
  private final DefaultConnectingIOReactor reactor;

  /**
   * @param timeout per address, and again for the TLS handshake
   */
  Http2Connector(Duration timeout, DnsResolver names) {
    this.timeout = timeout;
    this.names = names;
    this.reactor =
        new DefaultConnectingIOReactor(
            Http2Connector::handler,
            IOReactorConfig.custom()
                .setIoThreadCount(THREADS)
                .setTcpNoDelay(true)
                .setSoKeepAlive(true)
                .build(),
            Thread.ofPlatform().daemon().name("origin-h2-", 0).factory(),
            null,
            null,
            null,
            null);
    reactor.start();
  }

  private static ClientH2PrefaceHandler handler(ProtocolIOSession session, Object attachment) {
    return new ClientH2PrefaceHandler(
        session,
        new ClientH2StreamMultiplexerFactory(
            HttpProcessorBuilder.create().build(),
            null,
            CONFIG,
            null,
            (Http2Connection) attachment),
        true,
        null);
  }

  /**
   * Connects to the first address that answers. Blocks.
   *
   * @throws NotHttp2Exception when it does not speak HTTP/2 any more
   */
  Http2Connection connect(OriginUrl origin, TrustStores.Trust trust) throws IOException {
    List<InetSocketAddress> addresses = names.resolve(origin.host(), origin.port());
    for (int i = 0; ; i++) {
      try {
        return connect(origin, addresses.get(i), trust);
      } catch (ConnectException | ConnectTimeoutException e) {
        if (i == addresses.size() - 1) {
          throw e;
        }
      }
    }
  }

  private Http2Connection connect(
      OriginUrl origin, InetSocketAddress address, TrustStores.Trust trust) throws IOException {
    HttpHost host = new HttpHost("https", address.getAddress(), origin.host(), origin.port());
    Http2Connection connection = new Http2Connection();
    Timeout limit = Timeout.of(timeout);
    CompletableFuture<IOSession> connected = new CompletableFuture<>();
    CompletableFuture<TransportSecurityLayer> secured = new CompletableFuture<>();
    // TLS has to begin in the call that hears of the connection: nothing may be sent before.
    var _ =
        reactor.connect(
            host,
            address,
            null,
            limit,
            connection,
            new Completing<>(connected) {
              @Override
              public void completed(IOSession session) {
                try {
                  trust
                      .strategy()
                      .upgrade(
                          (TransportSecurityLayer) session,
                          host,
                          TlsConfig.custom().setVersionPolicy(HttpVersionPolicy.NEGOTIATE).build(),
                          limit,
                          new Completing<>(secured));
                } catch (IOException | RuntimeException e) {
                  secured.completeExceptionally(e);
                }
                super.completed(session);
              }
            });
    IOSession session;
    try {
      session = get(connected);
    } catch (SocketTimeoutException e) {
      throw (IOException) new ConnectTimeoutException(e.getMessage()).initCause(e);
    }
    boolean usable = false;
    try {
      TlsDetails tls = get(secured).getTlsDetails();
      if (tls == null || !"h2".equals(tls.getApplicationProtocol())) {
        throw new NotHttp2Exception();
      }
      connection.opened(session);
      usable = true;
      return connection;
    } finally {
      if (!usable) {
        session.close(CloseMode.IMMEDIATE);
      }
    }
  }

  private <T> T get(CompletableFuture<T> future) throws IOException {
    try {
      // The library has its own timeouts; this one is for what it forgets.
      return future.get(timeout.toMillis() + 1000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IOException(e.getCause());
    } catch (TimeoutException e) {
      throw (IOException) new SocketTimeoutException("no connection in time").initCause(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void close() {
    reactor.close(CloseMode.IMMEDIATE);
  }

  /** An origin that spoke HTTP/2 does so no more. */
  static final class NotHttp2Exception extends IOException {
    private static final long serialVersionUID = 1L;

    NotHttp2Exception() {
      super("it does not speak HTTP/2");
    }
  }

  private static class Completing<T> implements FutureCallback<T> {
    private final CompletableFuture<T> future;

    Completing(CompletableFuture<T> future) {
      this.future = future;
    }

    @Override
    public void completed(T result) {
      future.complete(result);
    }

    @Override
    public void failed(Exception e) {
      future.completeExceptionally(e);
    }

    @Override
    public void cancelled() {
      future.completeExceptionally(new IOException("the connection was given up"));
    }
  }
}
