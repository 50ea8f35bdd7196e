package io.dragonfly.lab.figures;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Resident memory (VmRSS) that 1000 connections take which are kept after an answer, at the
 * daemon's registry mirror and at a squid. The like was done and ended before, so that what the
 * first connections leave behind does not count.
 */
final class ConnectionsFigure implements Figure {
  private static final int CONNECTIONS = 1000;
  private static final int LENGTH = 4000;

  /** Longer than free memory is kept for the next user, shorter than connections are. */
  private static final Duration REST = Duration.ofSeconds(45);

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private interface Meter {
    long bytes() throws IOException;
  }

  @Override
  public List<Tool> tools() {
    return List.of(Tool.SQUID);
  }

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    Spread ours = new Spread();
    Spread squids = new Spread();
    LabContent content = new LabContent("manifest".hashCode(), LENGTH);
    try (MirrorBench mirror = new MirrorBench(bench)) {
      String path = mirror.files().manifest(content);
      mirror.fill(path);
      for (int run = 0; run <= bench.runs(); run++) {
        ours.add(measure(bench, run, "ours", mirror.ours(path), mirror::ourBytes));
        squids.add(measure(bench, run, "squid", mirror.squid(path), mirror::squidBytes));
        if (run == 0) {
          ours.clear();
          squids.clear();
        }
      }
    }
    bench.print("connections: KB for each, ours: %s", ours.text(1));
    bench.print("connections: KB for each, squid: %s", squids.text(1));
  }

  /** Kilobytes (of 1000 bytes) for each connection. */
  private static double measure(Bench bench, int run, String who, String url, Meter meter)
      throws IOException, InterruptedException {
    Thread.sleep(REST);
    long before = meter.bytes();
    List<Socket> sockets = new ArrayList<>();
    try {
      URI uri = URI.create(url);
      for (int i = 0; i < CONNECTIONS; i++) {
        sockets.add(ask(uri));
      }
      Thread.sleep(REST);
      long after = meter.bytes();
      double each = (after - before) / 1e3 / CONNECTIONS;
      bench.print(
          "connections: %s: %.1f MB, with %d idle connections%s %.1f MB: %.1f KB for each",
          who, before / 1e6, CONNECTIONS, run == 0 ? " (warm-up)" : "", after / 1e6, each);
      expectOpen(who, sockets);
      return each;
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  /** A connection that was answered once and is kept. */
  private static Socket ask(URI uri) throws IOException {
    Socket socket = new Socket(uri.getHost(), uri.getPort());
    boolean kept = false;
    try {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      String request = "GET " + uri.getPath() + " HTTP/1.1\r\nHost: " + uri.getAuthority();
      socket.getOutputStream().write((request + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      skipAnswer(socket.getInputStream());
      kept = true;
      return socket;
    } finally {
      if (!kept) {
        socket.close();
      }
    }
  }

  private static void skipAnswer(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the answer ends within its head: " + head);
      }
      head.append((char) next);
    }
    if (!head.toString().startsWith("HTTP/1.1 200")) {
      throw new IOException("expected 200: " + head);
    }
    in.skipNBytes(LENGTH);
  }

  /** Closed ones would make the figure a small one. */
  private static void expectOpen(String who, List<Socket> sockets) throws IOException {
    for (Socket socket : sockets) {
      if (socket.getInputStream().available() != 0) {
        throw new IOException(who + " sent more than its answer");
      }
      socket.setSoTimeout(1);
      try {
        if (socket.getInputStream().read() < 0) {
          throw new IOException(who + " did not keep a connection");
        }
      } catch (SocketTimeoutException e) {
        // It is open, and silent.
      }
    }
  }
}
