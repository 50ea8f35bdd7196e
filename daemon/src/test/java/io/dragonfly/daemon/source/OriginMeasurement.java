package io.dragonfly.daemon.source;

import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Measures what a byte from an origin with TLS costs this process, by HTTP/1.1 and by HTTP/2, next
 * to the JDK's own client: ranges of a file that nginx serves, four at a time. Arguments: an empty
 * directory, MiB, rounds.
 */
final class OriginMeasurement {
  private static final int READERS = 4;
  private static final int RANGE = 16 << 20;
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** Reads a range to its end and returns its length. */
  private interface Reader {
    long read(long from, long end) throws Exception;
  }

  private OriginMeasurement() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    long bytes = Long.parseLong(arguments[1]) << 20;
    int rounds = Integer.parseInt(arguments[2]);
    TestCertificates certificates = TestCertificates.create(directory);
    Files.createDirectories(directory.resolve("files"));
    Path file = directory.resolve("files/a");
    byte[] part = TestSource.content(1 << 20);
    try (var out = Files.newOutputStream(file)) {
      for (long i = 0; i < bytes >> 20; i++) {
        out.write(part);
      }
    }
    SourceOptions.Builder options =
        TestSource.options().caCertificates(List.of(certificates.authority()));
    try (NginxOrigin origin = NginxOrigin.start(directory, certificates, "ssl http2", "");
        HttpSource one = TestSource.create(options.http2(false));
        HttpSource two = TestSource.create(options.http2(true));
        HttpClient jdk = HttpClient.newBuilder().sslContext(trusting(certificates)).build()) {
      String url = origin.url("/a");
      for (int round = 0; round < rounds; round++) {
        double base = measure("HTTP/1.1", bytes, (from, end) -> read(one, url, from, end));
        double h2 = measure("HTTP/2", bytes, (from, end) -> read(two, url, from, end));
        double other = measure("JDK, HTTP/2", bytes, (from, end) -> read(jdk, url, from, end));
        System.out.printf(
            "HTTP/2 costs %.2f of HTTP/1.1, the JDK's client %.2f%n", h2 / base, other / base);
      }
    }
  }

  private static SSLContext trusting(TestCertificates certificates) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry(
        "ca",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(certificates.authority())));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private static double measure(String name, long bytes, Reader reader) throws Exception {
    long cpu = SYSTEM.getProcessCpuTime();
    long begin = System.nanoTime();
    long total = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(READERS)) {
      List<Future<Long>> parts = new ArrayList<>();
      for (long at = 0; at < bytes; at += RANGE) {
        long from = at;
        long end = Math.min(bytes, at + RANGE);
        parts.add(threads.submit(() -> reader.read(from, end)));
      }
      for (Future<Long> one : parts) {
        total += one.get();
      }
    }
    if (total != bytes) {
      throw new IllegalStateException(total + " bytes came");
    }
    double seconds = (SYSTEM.getProcessCpuTime() - cpu) / 1e9;
    double perGiB = seconds * (1 << 30) / bytes;
    System.out.printf(
        "%-12s %.3f CPU-s per GiB, %.0f MiB/s%n",
        name, perGiB, bytes / 1048576.0 / ((System.nanoTime() - begin) / 1e9));
    return perGiB;
  }

  private static long read(HttpSource source, String url, long from, long end) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    long total = 0;
    try (OriginResponse response =
        source.open(OriginRequest.of(url).withRange(OriginRange.between(from, end)))) {
      for (int n = response.read(buffer); n >= 0; n = response.read(buffer)) {
        total += n;
        buffer.clear();
      }
    }
    return total;
  }

  private static long read(HttpClient client, String url, long from, long end) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Range", "bytes=" + from + "-" + (end - 1))
            .build();
    byte[] buffer = new byte[128 << 10];
    long total = 0;
    try (InputStream body =
        client.send(request, HttpResponse.BodyHandlers.ofInputStream()).body()) {
      for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
        total += n;
      }
    }
    return total;
  }
}
