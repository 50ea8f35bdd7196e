package io.dragonfly.lab.figures;

import io.dragonfly.lab.origin.RegistryFiles;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Location;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Squid;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;

/**
 * A daemon's registry mirror, and a squid, in front of an nginx that serves what a registry has.
 */
final class MirrorBench implements AutoCloseable {
  private static final String NAME = "mirror";
  private static final long SQUID_CACHE = 256L << 20;

  private final RegistryFiles files;
  private final Nginx origin;
  private final ProcessCluster cluster;
  private final Squid squid;
  private final Program daemon;
  private final int port;

  MirrorBench(Bench bench) throws IOException, InterruptedException {
    files = new RegistryFiles(bench.files());
    origin =
        Nginx.start(
            Location.LOOPBACK,
            bench.files(),
            Files.createDirectories(bench.work().resolve("nginx")),
            RegistryFiles.NGINX);
    cluster = bench.cluster("c");
    squid =
        Squid.start(
            Location.LOOPBACK,
            origin,
            Files.createDirectories(bench.work().resolve("squid")),
            SQUID_CACHE);
    cluster.startScheduler();
    daemon = cluster.startMirror(NAME, origin.url(""));
    port = cluster.port(NAME + ".proxy");
  }

  RegistryFiles files() {
    return files;
  }

  /** A URL at the daemon's mirror. */
  String ours(String path) {
    return "http://127.0.0.1:" + port + "/" + path;
  }

  String nginx(String path) {
    return origin.url(path);
  }

  String squid(String path) {
    return squid.url(path);
  }

  double ourCpuSeconds() throws IOException {
    return Accounting.cpuSeconds(daemon.pid());
  }

  double nginxCpuSeconds() throws IOException {
    return Accounting.cpuSeconds(origin.pid());
  }

  double squidCpuSeconds() throws IOException {
    return Accounting.cpuSeconds(squid.pid());
  }

  long ourBytes() throws IOException {
    return Accounting.residentBytes(daemon.pid());
  }

  long squidBytes() throws IOException {
    return Accounting.residentBytes(squid.pid());
  }

  /** Has both caches fetch what a digest names, and fails where they do not answer from it then. */
  void fill(String path) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      long length = Files.size(files.file(path));
      get(client, ours(path), length);
      get(client, squid(path), length);
      expect(get(client, ours(path), length), "X-Dragonfly-Task-Download-Finished", "true");
      expect(get(client, squid(path), length), "X-Cache", "HIT");
    }
  }

  private static HttpResponse<byte[]> get(HttpClient client, String url, long length)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> response =
        client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofByteArray());
    if (response.statusCode() != 200 || response.body().length != length) {
      throw new IOException(
          "%s was answered with %d and %d bytes instead of %d"
              .formatted(url, response.statusCode(), response.body().length, length));
    }
    return response;
  }

  private static void expect(HttpResponse<?> response, String header, String start)
      throws IOException {
    String value = response.headers().firstValue(header).orElse("");
    if (!value.startsWith(start)) {
      throw new IOException(
          response.uri() + " was not answered from a cache: its " + header + " is '" + value + "'");
    }
  }

  @Override
  public void close() {
    squid.close();
    cluster.close();
    origin.close();
  }
}
