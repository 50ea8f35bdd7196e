package io.dragonfly.daemon;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** An origin with one file and ranges, that counts what it serves and can be slow. */
final class WholeOrigin implements AutoCloseable {
  private final byte[] content;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  final AtomicLong served = new AtomicLong();
  volatile int status = 200;
  volatile long nanosPerMebibyte;

  WholeOrigin(int length) throws IOException {
    content = new byte[length];
    new Random(length).nextBytes(content);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/file";
  }

  byte[] content() {
    return content.clone();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (status != 200) {
        exchange.sendResponseHeaders(status, -1);
        return;
      }
      exchange.getResponseHeaders().set("ETag", "\"1\"");
      exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
      String range = exchange.getRequestHeaders().getFirst("Range");
      int start = 0;
      int end = content.length;
      if (range != null) {
        String[] bounds = range.substring("bytes=".length()).split("-", -1);
        start = Integer.parseInt(bounds[0]);
        end = bounds[1].isEmpty() ? end : Math.min(end, Integer.parseInt(bounds[1]) + 1);
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes " + start + "-" + (end - 1) + "/" + content.length);
      }
      exchange.sendResponseHeaders(range == null ? 200 : 206, end - start);
      for (int at = start; at < end; at += 1 << 20) {
        int count = Math.min(1 << 20, end - at);
        LockSupport.parkNanos(nanosPerMebibyte);
        exchange.getResponseBody().write(content, at, count);
        served.addAndGet(count);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
