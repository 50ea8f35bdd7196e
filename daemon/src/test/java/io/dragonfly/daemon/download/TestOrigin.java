package io.dragonfly.daemon.download;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** An HTTP origin that counts what it gives, and gives it as a test wants. */
final class TestOrigin implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final byte[] content;

  final List<String> requests = new CopyOnWriteArrayList<>();
  final AtomicLong bytes = new AtomicLong();

  /** What Authorization those had who asked for one byte, to hear whether they may. */
  final List<String> questions = new CopyOnWriteArrayList<>();

  /** The values of Authorization that are accepted; empty for all. */
  final Set<String> accepted = ConcurrentHashMap.newKeySet();

  /** Answers those who are not accepted, instead of a plain refusal. */
  volatile @Nullable HttpHandler signIn;

  /** What a registry calls the content in answers with a body, and only there. */
  volatile @Nullable String digest;

  /** Whether answers without their body say its length. */
  volatile boolean headLength = true;

  volatile boolean ranges = true;
  volatile boolean chunked;
  volatile int status;

  /** Waits so long between two parts of 64 KiB. */
  volatile long pauseMillis;

  /** Waits so long between two parts of 64 KiB, whoever they are for. */
  volatile long wholePauseNanos;

  /** Requests whose bodies were under way at the same time. */
  final AtomicInteger mostAtATime = new AtomicInteger();

  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicLong turn = new AtomicLong(System.nanoTime());

  /** Cuts the body of the next answers after so many bytes. */
  volatile long cutAfter = Long.MAX_VALUE;

  final AtomicInteger cuts = new AtomicInteger();

  TestOrigin(byte[] content) throws IOException {
    this.content = content;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/file?token=secret";
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String range = exchange.getRequestHeaders().getFirst("Range");
      String asks = exchange.getRequestHeaders().getFirst("Authorization");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      boolean question = head || "bytes=0-0".equals(range);
      if (question) {
        questions.add((head ? "HEAD " : "") + asks);
      } else {
        requests.add(range == null ? "whole" : range);
      }
      if (!accepted.isEmpty() && (asks == null || !accepted.contains(asks))) {
        if (signIn != null) {
          signIn.handle(exchange);
          return;
        }
        exchange.getResponseHeaders().add("WWW-Authenticate", "Bearer realm=\"test\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      if (status != 0) {
        exchange.sendResponseHeaders(status, -1);
        return;
      }
      if (head) {
        exchange.getResponseHeaders().add("ETag", "\"one\"");
        if (headLength) {
          exchange.getResponseHeaders().add("Content-Length", "" + content.length);
        }
        exchange.sendResponseHeaders(200, -1);
        return;
      }
      int start = 0;
      int end = content.length;
      exchange.getResponseHeaders().add("ETag", "\"one\"");
      exchange.getResponseHeaders().add("Content-Type", "application/x-test");
      if (digest != null) {
        exchange.getResponseHeaders().add("Docker-Content-Digest", digest);
      }
      int code = 200;
      if (ranges && !chunked && range != null && content.length > 0) {
        String[] bounds = range.substring("bytes=".length()).split("-", 2);
        start = Integer.parseInt(bounds[0]);
        end = bounds[1].isEmpty() ? end : Math.min(end, Integer.parseInt(bounds[1]) + 1);
        exchange
            .getResponseHeaders()
            .add("Content-Range", "bytes " + start + "-" + (end - 1) + "/" + content.length);
        code = 206;
      }
      exchange.sendResponseHeaders(code, chunked ? 0 : end == start ? -1 : end - start);
      if (question) {
        exchange.getResponseBody().write(content, start, end - start);
      } else if (end > start) {
        mostAtATime.accumulateAndGet(underWay.incrementAndGet(), Math::max);
        try {
          write(exchange.getResponseBody(), start, end);
        } finally {
          underWay.decrementAndGet();
        }
      }
    } catch (IOException e) {
      // the client went away, or the body was cut on purpose
    }
  }

  private void write(OutputStream out, int start, int end) throws IOException {
    long given = 0;
    for (int at = start; at < end; ) {
      int count = Math.min(64 * 1024, end - at);
      if (given + count > cutAfter && cuts.getAndDecrement() > 0) {
        throw new IOException("cut on purpose");
      }
      out.write(content, at, count);
      out.flush();
      bytes.addAndGet(count);
      given += count;
      at += count;
      pause();
    }
  }

  private void pause() {
    if (wholePauseNanos > 0) {
      long mine = turn.updateAndGet(last -> Math.max(last, System.nanoTime()) + wholePauseNanos);
      for (long left = mine - System.nanoTime(); left > 0; left = mine - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
    }
    if (pauseMillis > 0) {
      try {
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
