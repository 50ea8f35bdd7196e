package io.dragonfly.lab.figures;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Downloads over the daemon's socket from a process that is warm, as an agent would do them. */
final class LocalCalls {
  private LocalCalls() {}

  /** Milliseconds of each of {@code count} downloads, content included. */
  static Spread millis(Path socket, String url, int count) throws IOException {
    Spread times = new Spread();
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      download(socket, url);
      times.add((System.nanoTime() - start) / 1e6);
    }
    return times;
  }

  /** Milliseconds of a download of each, by so many callers at once. */
  static Spread millis(Path socket, List<String> urls, int callers)
      throws IOException, InterruptedException {
    Queue<String> left = new ConcurrentLinkedQueue<>(urls);
    Spread times = new Spread();
    try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      List<Future<List<Double>>> all = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        all.add(threads.submit(() -> millis(socket, left)));
      }
      for (Future<List<Double>> one : all) {
        one.get().forEach(times::add);
      }
    } catch (ExecutionException e) {
      throw new IOException("a download failed: " + e.getMessage(), e);
    }
    return times;
  }

  private static List<Double> millis(Path socket, Queue<String> left) throws IOException {
    List<Double> times = new ArrayList<>();
    for (String url = left.poll(); url != null; url = left.poll()) {
      long start = System.nanoTime();
      download(socket, url);
      times.add((System.nanoTime() - start) / 1e6);
    }
    return times;
  }

  private static void download(Path socket, String url) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      String request = "DRAGONFLY/1 DOWNLOAD\nurl: " + url + "\n\n";
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
      BufferedReader in =
          new BufferedReader(Channels.newReader(channel, StandardCharsets.ISO_8859_1));
      String line = in.readLine();
      while (line != null && !line.startsWith("done ")) {
        if (line.startsWith("error ")) {
          throw new IOException(line);
        }
        if (line.startsWith("content ")) {
          // The bytes follow the line; the reader gives one character for each.
          in.skip(Long.parseLong(line.substring(line.lastIndexOf('=') + 1)));
        }
        line = in.readLine();
      }
      if (line == null) {
        throw new IOException("the daemon closed the connection");
      }
    }
  }
}
