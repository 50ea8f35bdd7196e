package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.http.RequestNotExecutedException;
import org.apache.hc.core5.http2.H2Error;
import org.apache.hc.core5.http2.H2StreamResetException;
import org.jspecify.annotations.Nullable;

/**
 * Requests to origins over HTTP/2: all those to one origin, under one trust, share a connection;
 * when that ends, the next ones make another. Its threads begin with the first request. Safe for
 * use by many threads.
 */
final class Http2Engine implements AutoCloseable {
  /** How often a request is moved on that its connection did not begin with. */
  private static final int MAX_MOVES = 4;

  /** Origins without connections are forgotten where there are more. */
  private static final int MAX_ORIGINS = 1000;

  private record Key(String host, int port, String trust) {}

  /** An origin's connection, being made or there, and places for requests. */
  private static final class Origin {
    final Places places;
    @Nullable CompletableFuture<Http2Connection> connection;

    Origin(int most) {
      places = new Places(most);
    }

    boolean isIdle() {
      return places.isEmpty()
          && (connection == null || (connection.isDone() && opened().isEmpty()));
    }

    Optional<Http2Connection> opened() {
      CompletableFuture<Http2Connection> current = connection;
      return current != null && current.isDone() && !current.isCompletedExceptionally()
          ? Optional.of(current.join()).filter(Http2Connection::isOpen)
          : Optional.empty();
    }
  }

  private final SourceOptions options;
  private final DnsResolver names;
  private final Http2Windows windows = new Http2Windows();

  @GuardedBy("this")
  private final Map<Key, Origin> origins = new HashMap<>();

  @GuardedBy("this")
  private @Nullable Http2Connector connector;

  @GuardedBy("this")
  private boolean closed;

  Http2Engine(SourceOptions options, DnsResolver names) {
    this.options = options;
    this.names = names;
  }

  /**
   * Sends a request without a body and returns with the head of the answer.
   *
   * @param answer how long to wait for the answer
   * @param remaining how long a connection may take
   * @param trip hears whether the connection was a kept one
   * @throws Http2Connector.NotHttp2Exception when nothing was sent, for the origin speaks it no
   *     more
   */
  ClassicHttpResponse send(
      OriginUrl target,
      HttpUriRequestBase request,
      TrustStores.Trust trust,
      Duration answer,
      Duration remaining,
      HttpEngine.Trip trip)
      throws IOException {
    Origin origin = origin(new Key(target.host(), target.port(), trust.key()));
    for (int moves = 0; ; moves++) {
      enter(origin, request, remaining);
      boolean sent = false;
      try {
        Http2Connection connection =
            await(connection(origin, target, trust).copy(), request, remaining);
        Http2Connection.Place place = connection.enter();
        if (place != Http2Connection.Place.NONE) {
          sent = true;
          trip.overKept(place == Http2Connection.Place.LATER);
          return exchange(origin, connection, request, answer);
        }
        forget(origin, connection);
      } catch (RequestNotExecutedException | H2StreamResetException e) {
        boolean moved = e instanceof RequestNotExecutedException || isRefused(e);
        if (!moved || moves >= MAX_MOVES || request.isCancelled()) {
          throw e;
        }
      } finally {
        if (!sent) {
          origin.places.leave();
        }
      }
      if (moves >= MAX_MOVES) {
        throw new NoHttpResponseException("its connections end before they are used");
      }
    }
  }

  private static void enter(Origin origin, HttpUriRequestBase request, Duration patience)
      throws IOException {
    try {
      await(origin.places.enter(), request, patience);
    } catch (SocketTimeoutException e) {
      throw (IOException) new ConnectionRequestTimeoutException("all are in use").initCause(e);
    }
  }

  private ClassicHttpResponse exchange(
      Origin origin, Http2Connection connection, HttpUriRequestBase request, Duration answer)
      throws IOException {
    Http2Exchange exchange =
        new Http2Exchange(
            request,
            new Http2Body(windows, options.stallTimeout()),
            () -> {
              connection.leave();
              origin.places.leave();
            });
    request.setDependency(() -> {
      exchange.giveUp();
      return true;
    });
    connection.send(exchange);
    try {
      return get(exchange.head(), answer);
    } catch (SocketTimeoutException e) {
      // Perhaps the way there is broken: who comes next makes a new connection.
      exchange.giveUp();
      connection.drain();
      throw e;
    } catch (RequestNotExecutedException | H2StreamResetException e) {
      if (!isReset(e)) {
        connection.drain();
      }
      throw e;
    } catch (InterruptedIOException e) {
      exchange.giveUp();
      throw e;
    } catch (IOException e) {
      connection.drain();
      throw (IOException) new NoHttpResponseException("its connection ended").initCause(e);
    }
  }

  private static boolean isReset(IOException e) {
    return e instanceof H2StreamResetException;
  }

  private static boolean isRefused(IOException e) {
    return e instanceof H2StreamResetException reset
        && reset.getCode() == H2Error.REFUSED_STREAM.getCode();
  }

  private synchronized Origin origin(Key key) throws IOException {
    if (closed) {
      throw new IOException("the program is being shut down");
    }
    if (origins.size() >= MAX_ORIGINS && !origins.containsKey(key)) {
      origins.values().removeIf(Origin::isIdle);
    }
    return origins.computeIfAbsent(key, _ -> new Origin(options.maxConnectionsPerOrigin()));
  }

  /** The connection there is, or the one being made; its maker is nobody's thread. */
  private synchronized CompletableFuture<Http2Connection> connection(
      Origin origin, OriginUrl target, TrustStores.Trust trust) throws IOException {
    if (closed) {
      throw new IOException("the program is being shut down");
    }
    if (origin.connection != null && !origin.connection.isCompletedExceptionally()) {
      return origin.connection;
    }
    if (connector == null) {
      connector = new Http2Connector(options.connectTimeout(), names);
    }
    Http2Connector maker = connector;
    CompletableFuture<Http2Connection> made = new CompletableFuture<>();
    origin.connection = made;
    Thread.ofVirtual()
        .name("origin-h2-connect")
        .start(() -> {
          try {
            made.complete(maker.connect(target, trust));
          } catch (IOException | RuntimeException e) {
            made.completeExceptionally(e);
          }
        });
    return made;
  }

  private synchronized void forget(Origin origin, Http2Connection connection) {
    CompletableFuture<Http2Connection> current = origin.connection;
    if (current != null
        && current.isDone()
        && !current.isCompletedExceptionally()
        && current.join() == connection) {
      origin.connection = null;
    }
  }

  /** Waits until the request is given up at the longest. */
  private static <T extends @Nullable Object> T await(
      CompletableFuture<T> event, HttpUriRequestBase request, Duration patience)
      throws IOException {
    request.setDependency(() -> event.cancel(false));
    return get(event, patience);
  }

  private static <T extends @Nullable Object> T get(CompletableFuture<T> event, Duration patience)
      throws IOException {
    try {
      return event.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      if (!event.cancel(false) && !event.isCompletedExceptionally()) {
        return event.join();
      }
      throw (IOException) new SocketTimeoutException("nothing came").initCause(e);
    } catch (CancellationException e) {
      throw (IOException) new InterruptedIOException("the request was given up").initCause(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      event.cancel(false);
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    }
  }

  /** Connections that are there, for tests and metrics. */
  synchronized int openConnections() {
    return (int) origins.values().stream().filter(origin -> origin.opened().isPresent()).count();
  }

  @Override
  public synchronized void close() {
    closed = true;
    origins.values().forEach(origin -> origin.opened().ifPresent(Http2Connection::close));
    if (connector != null) {
      connector.close();
    }
  }
}
