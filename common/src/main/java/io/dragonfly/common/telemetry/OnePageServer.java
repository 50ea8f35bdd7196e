package io.dragonfly.common.telemetry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP server with one page, for what machines ask of a role. Two threads and at most 64 waiting
 * requests; a request must arrive, and its answer be taken, within 30 s.
 */
final class OnePageServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OnePageServer.class);
  private static final int THREADS = 2;
  private static final int QUEUE = 64;
  private static final int MAX_SECONDS = 30;
  private static final int NO_BODY = -1;

  private final String path;
  private final String contentType;
  private final Supplier<byte[]> page;
  private final Optional<Runnable> delete;
  private final HttpServer server;
  private final ThreadPoolExecutor executor;

  /** Binds at once; serves after {@link #start()}. */
  OnePageServer(InetSocketAddress address, String path, String contentType, Supplier<byte[]> page)
      throws IOException {
    this(address, path, contentType, page, Optional.empty());
  }

  /**
   * @param delete what DELETE does; without it, DELETE is refused
   */
  OnePageServer(
      InetSocketAddress address,
      String path,
      String contentType,
      Supplier<byte[]> page,
      Optional<Runnable> delete)
      throws IOException {
    this.delete = delete;
    this.path = path;
    this.contentType = contentType;
    this.page = page;
    // The JDK has no other way to set these; they are read when its first server is made.
    limit("sun.net.httpserver.maxReqTime");
    limit("sun.net.httpserver.maxRspTime");
    try {
      server = HttpServer.create(address, /* backlog= */ QUEUE);
    } catch (IOException e) {
      throw new IOException(
          "cannot serve "
              + path
              + " on "
              + address.getHostString()
              + ":"
              + address.getPort()
              + ": "
              + e.getMessage()
              + ". Stop the program that uses the port, or configure another",
          e);
    }
    executor =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE),
            Thread.ofPlatform().name("http" + path + "-", 1).daemon().factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    executor.allowCoreThreadTimeOut(true);
    server.setExecutor(executor);
    server.createContext("/", this::handle);
  }

  private static void limit(String property) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, String.valueOf(MAX_SECONDS));
    }
  }

  void start() {
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals(path)) {
        exchange.sendResponseHeaders(404, NO_BODY);
        return;
      }
      String method = exchange.getRequestMethod();
      if (method.equals("DELETE") && delete.isPresent()) {
        delete.get().run();
        exchange.sendResponseHeaders(200, NO_BODY);
        return;
      }
      boolean head = method.equals("HEAD");
      if (!head && !method.equals("GET")) {
        exchange
            .getResponseHeaders()
            .set("Allow", delete.isPresent() ? "GET, HEAD, DELETE" : "GET, HEAD");
        exchange.sendResponseHeaders(405, NO_BODY);
        return;
      }
      byte[] answer = make();
      if (answer.length == 0 || head) {
        exchange.sendResponseHeaders(200, NO_BODY);
        return;
      }
      exchange.getResponseHeaders().set("Content-Type", contentType);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private byte[] make() throws IOException {
    try {
      return page.get();
    } catch (RuntimeException e) {
      // The server answers 500 itself when a handler throws, and closes the connection.
      log.error("event=page_failed path={}", path, e);
      throw new IOException("no page for " + path, e);
    }
  }
}
