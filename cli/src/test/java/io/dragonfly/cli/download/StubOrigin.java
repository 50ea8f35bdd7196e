package io.dragonfly.cli.download;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** An origin with one content that a test changes, and that breaks off where a test wants. */
final class StubOrigin implements AutoCloseable {
  private final HttpServer server;
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  volatile byte[] content;
  volatile @Nullable String etag = "\"v1\"";

  /** How many bytes of a body it sends before it breaks off; negative: all. */
  volatile int breakAfter = -1;

  /** Whether only the first answer breaks off. */
  volatile boolean once;

  StubOrigin(byte[] content) throws IOException {
    this.content = content;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    server.createContext("/file", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/file";
  }

  /** The Range header of each request so far; "-" for none. */
  List<String> ranges() {
    return ranges;
  }

  private void handle(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    String condition = exchange.getRequestHeaders().getFirst("If-Range");
    ranges.add(range == null ? "-" : range);
    String version = etag;
    byte[] bytes = content;
    int start = 0;
    if (version != null) {
      exchange.getResponseHeaders().set("ETag", version);
    }
    exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
    if (range != null && (condition == null || condition.equals(version))) {
      start = Integer.parseInt(range.substring("bytes=".length(), range.indexOf('-')));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + start + "-" + (bytes.length - 1) + "/" + bytes.length);
      exchange.sendResponseHeaders(206, bytes.length - start);
    } else {
      exchange.sendResponseHeaders(200, bytes.length);
    }
    int end = breakAfter < 0 ? bytes.length : Math.min(bytes.length, start + breakAfter);
    if (once) {
      breakAfter = -1;
    }
    exchange.getResponseBody().write(bytes, start, end - start);
    exchange.getResponseBody().flush();
    // Closing early breaks the connection off when less than the announced length was written.
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
