package io.dragonfly.daemon;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.dragonfly.common.piece.ByteRange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A registry with one blob, which can be made to give it bit by bit; whatever else is asked is
 * answered by its own body.
 */
final class ProxyOrigin implements AutoCloseable {
  private static final int STEP = 64 << 10;

  /** One request as it came; names of headers as HttpServer writes them. */
  record Asked(String method, String target, Map<String, List<String>> headers) {}

  final AtomicLong served = new AtomicLong();
  final AtomicInteger broken = new AtomicInteger();
  final List<Asked> asked = new CopyOnWriteArrayList<>();

  /** Steps that the blob may be given in; none are taken while it is absent. */
  volatile Semaphore steps = new Semaphore(Integer.MAX_VALUE >> 1);

  /** The Authorization without which nobody gets the blob; null for everybody. */
  volatile @Nullable String wanted;

  private final byte[] blob;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  ProxyOrigin(int length) throws IOException {
    blob = new byte[length];
    new Random(length).nextBytes(blob);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  byte[] blob() {
    return blob.clone();
  }

  String base() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Path of the blob, named by its digest. */
  String path() throws Exception {
    String hex = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(blob));
    return "/v2/team/app/blobs/sha256:" + hex;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String target = exchange.getRequestURI().toString();
      asked.add(
          new Asked(exchange.getRequestMethod(), target, Map.copyOf(exchange.getRequestHeaders())));
      boolean refused =
          wanted != null
              && target.contains("/blobs/")
              && !wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"));
      if (refused) {
        exchange.sendResponseHeaders(401, -1);
      } else if (exchange.getRequestMethod().equals("GET") && target.contains("/blobs/")) {
        giveBlob(exchange);
      } else if (target.contains("/missing")) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"r\"");
        exchange.sendResponseHeaders(401, -1);
      } else {
        exchange.getResponseHeaders().set("X-Answer", "yes");
        exchange.getResponseHeaders().set("Keep-Alive", "timeout=5");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(200, head ? -1 : 0);
        if (!head) {
          exchange.getRequestBody().transferTo(exchange.getResponseBody());
        }
      }
    }
  }

  private void giveBlob(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("ETag", "\"1\"");
    exchange.getResponseHeaders().set("Content-Type", "application/x-layer");
    exchange.getResponseHeaders().set("Set-Cookie", "secret=1");
    String header = exchange.getRequestHeaders().getFirst("Range");
    ByteRange range = ByteRange.whole(blob.length);
    if (header != null) {
      if (header.startsWith("bytes=" + blob.length)) {
        exchange.getResponseHeaders().set("Content-Range", "bytes */" + blob.length);
        exchange.sendResponseHeaders(416, -1);
        return;
      }
      range = ByteRange.parse(header, blob.length);
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes " + range.start() + "-" + (range.endExclusive() - 1) + "/" + blob.length);
    }
    exchange.sendResponseHeaders(header == null ? 200 : 206, range.length());
    try {
      for (long at = range.start(); at < range.endExclusive(); at += STEP) {
        int count = (int) Math.min(STEP, range.endExclusive() - at);
        steps.acquireUninterruptibly();
        exchange.getResponseBody().write(blob, (int) at, count);
        exchange.getResponseBody().flush();
        served.addAndGet(count);
      }
    } catch (IOException e) {
      broken.incrementAndGet();
      throw e;
    }
  }

  @Override
  public void close() {
    steps.release(1 << 20);
    server.stop(0);
    threads.shutdownNow();
  }
}
