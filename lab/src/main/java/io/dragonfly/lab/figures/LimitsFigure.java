package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * How far the bytes of each single second are from a limit: of what comes in, of that what is read
 * at origins, of what is served, of prefetching, and of a user's own download. They are counted by
 * the kernel where they pass the loopback interface, on which nothing else may go on. Limits are
 * set while the daemon runs.
 */
final class LimitsFigure implements Figure {
  private static final String CONTENT = "limited";
  private static final long LENGTH = 1L << 30;
  private static final int MEBIBYTES = 40;
  private static final long LIMIT = (long) MEBIBYTES << 20;
  private static final int SECONDS = 10;
  private static final double AIM_PERCENT = 5;

  /** The burst that a limit allows at first, and sockets that fill. */
  private static final Duration BEGIN = Duration.ofSeconds(3);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path RECEIVED = Path.of("/sys/class/net/lo/statistics/rx_bytes");

  /** Where a limit stands in the configuration. */
  private record Key(String section, String name) {
    String set(String yaml) {
      String start = section + ":\n";
      String line = "  " + name + ": " + MEBIBYTES + "MiB\n";
      return yaml.replaceFirst("(?m)^" + start, start + line);
    }
  }

  /** Something goes on while it is open. */
  private interface Traffic extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  private static final Key IN = new Key("download", "bandwidthLimit");
  private static final Key ORIGIN = new Key("download", "backToSourceBandwidthLimit");
  private static final Key OUT = new Key("upload", "bandwidthLimit");
  private static final Key PREFETCH = new Key("proxy", "prefetchBandwidthLimit");

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content(CONTENT, LENGTH);
    try (Nginx origin = bench.origin();
        ProcessCluster cluster = bench.cluster("limits")) {
      cluster.startScheduler();
      cluster.startPeer("a");
      cluster.startPeer("b");
      int proxy = cluster.port("a.proxy");
      String config = Files.readString(cluster.configuration("a"));
      for (int run = 1; run <= bench.runs(); run++) {
        String url = origin.url(CONTENT) + "?run=" + run;
        limit(cluster, config, IN);
        print(bench, "download.bandwidthLimit", () -> dfget(bench, cluster, "a", url + "&in"));
        limit(cluster, config, ORIGIN);
        print(
            bench,
            "download.backToSourceBandwidthLimit",
            () -> dfget(bench, cluster, "a", url + "&origin"));
        limit(cluster, config, PREFETCH);
        print(bench, "proxy.prefetchBandwidthLimit", () -> prefetch(proxy, url + "&prefetch"));
        limit(cluster, config, OUT);
        bench.get(cluster, "a", url + "&out", "held" + run);
        print(bench, "upload.bandwidthLimit", () -> dfget(bench, cluster, "b", url + "&out"));
        print(
            bench,
            "dfget --limit-rate",
            () -> dfget(bench, cluster, "b", url + "&own", "--limit-rate", MEBIBYTES + "MiB"));
      }
    }
  }

  private interface Start {
    Traffic begin() throws IOException, InterruptedException;
  }

  private static void print(Bench bench, String what, Start start)
      throws IOException, InterruptedException {
    Spread worst = new Spread();
    List<String> seconds = new ArrayList<>();
    try (Traffic _ = start.begin()) {
      Thread.sleep(BEGIN);
      for (int second = 0; second < SECONDS; second++) {
        double ratio = bytesPerSecond() / LIMIT;
        worst.add(Math.abs(ratio - 1) * 100);
        seconds.add(String.format(Locale.ROOT, "%.3f", ratio));
      }
    }
    bench.print(
        "limits: %s: of %d MiB in each second: %s; at most %.1f %% off, %.0f %% aimed at",
        what, MEBIBYTES, String.join(" ", seconds), worst.at(1), AIM_PERCENT);
  }

  private static double bytesPerSecond() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    long before = received();
    Thread.sleep(Duration.ofSeconds(1));
    long after = received();
    return (after - before) * 1e9 / (System.nanoTime() - begin);
  }

  private static long received() throws IOException {
    return Long.parseLong(Files.readString(RECEIVED).strip());
  }

  /** Sets one limit of the daemon that runs, and no other. */
  private static void limit(ProcessCluster cluster, String config, Key key)
      throws IOException, InterruptedException {
    Files.writeString(cluster.configuration("a"), key.set(config));
    Program daemon = cluster.program("a");
    String said = "key=" + key.section + "." + key.name + " bytes_per_second=" + LIMIT;
    int before = count(daemon.output(), said);
    daemon.hangUp();
    Instant end = Instant.now().plus(PATIENCE);
    while (count(daemon.output(), said) == before) {
      if (Instant.now().isAfter(end)) {
        throw new IOException("the daemon does not take the limit: " + daemon.output());
      }
      Thread.sleep(Duration.ofMillis(50));
    }
  }

  private static int count(String text, String words) {
    return text.split(Pattern.quote(words), -1).length - 1;
  }

  private static Traffic dfget(
      Bench bench, ProcessCluster cluster, String daemon, String url, String... more)
      throws IOException {
    Path output = bench.work().resolve("limited.out");
    Files.deleteIfExists(output);
    Program dfget = cluster.dfget(daemon, url, output, more);
    return () -> {
      try {
        dfget.kill();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      Files.deleteIfExists(output);
    };
  }

  /** Asks for a few bytes; the rest comes although nobody waits for it. */
  private static Traffic prefetch(int proxy, String url) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy)) {
      String request =
          "GET "
              + url
              + " HTTP/1.1\r\nHost: origin\r\nConnection: close\r\nRange: bytes=0-9\r\n"
              + "X-Dragonfly-Use-P2P: true\r\nX-Dragonfly-Prefetch: true\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      if (!answer.startsWith("HTTP/1.1 206")) {
        throw new IOException("expected 206: " + answer.lines().findFirst().orElse(""));
      }
    }
    return () -> {};
  }
}
