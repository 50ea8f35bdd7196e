package io.dragonfly.dist;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.InvalidRangeException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An HTTP server with one file, {@code /content}, that counts what is taken from it. Knows ranges,
 * ETag and If-Range, unless it is told to know no ranges.
 */
final class DemoOrigin implements AutoCloseable {
  private static final String PATH = "/content";
  private static final int BUFFER = 256 << 10;
  private static final int THREADS = 16;

  private final DemoContent content;
  private final boolean ranges;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();

  DemoOrigin(DemoContent content, boolean ranges) throws IOException {
    this.content = content;
    this.ranges = ranges;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 64);
    server.setExecutor(threads);
    server.createContext(PATH, this::handle);
  }

  DemoOrigin start() {
    server.start();
    return this;
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + PATH;
  }

  /** What every download should have. */
  String sha256() {
    return content.sha256();
  }

  /** Requests so far, of whatever kind. */
  long requests() {
    return requests.get();
  }

  /** Bytes of content sent so far. */
  long bytes() {
    return bytes.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    try (exchange) {
      exchange.getResponseHeaders().set("ETag", content.etag());
      exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
      exchange.getResponseHeaders().set("Accept-Ranges", ranges ? "bytes" : "none");
      String method = exchange.getRequestMethod();
      if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.sendResponseHeaders(405, -1);
        return;
      }
      Optional<ByteRange> range;
      try {
        range = range(exchange);
      } catch (InvalidRangeException e) {
        exchange.getResponseHeaders().set("Content-Range", "bytes */" + content.length());
        exchange.sendResponseHeaders(416, -1);
        return;
      }
      answer(exchange, range, method.equals("HEAD"));
    }
  }

  private Optional<ByteRange> range(HttpExchange exchange) {
    String header = exchange.getRequestHeaders().getFirst("Range");
    String version = exchange.getRequestHeaders().getFirst("If-Range");
    if (!ranges || header == null || (version != null && !version.equals(content.etag()))) {
      return Optional.empty();
    }
    return Optional.of(ByteRange.parse(header, content.length()));
  }

  private void answer(HttpExchange exchange, Optional<ByteRange> range, boolean head)
      throws IOException {
    long start = range.map(ByteRange::start).orElse(0L);
    long length = range.map(ByteRange::length).orElse(content.length());
    if (range.isPresent()) {
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes " + start + "-" + (start + length - 1) + "/" + content.length());
    }
    if (head) {
      exchange.getResponseHeaders().set("Content-Length", Long.toString(length));
    }
    exchange.sendResponseHeaders(range.isPresent() ? 206 : 200, head || length == 0 ? -1 : length);
    if (!head && length > 0) {
      send(exchange.getResponseBody(), start, length);
    }
  }

  private void send(OutputStream body, long start, long length) throws IOException {
    byte[] buffer = new byte[(int) Math.min(BUFFER, length)];
    for (long sent = 0; sent < length; ) {
      int count = (int) Math.min(buffer.length, length - sent);
      content.read(start + sent, ByteBuffer.wrap(buffer, 0, count));
      body.write(buffer, 0, count);
      sent += count;
      bytes.addAndGet(count);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
