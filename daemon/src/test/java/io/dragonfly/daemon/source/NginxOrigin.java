package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Debian's nginx as an origin, and what it wrote down of its requests. */
public final class NginxOrigin implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /**
   * One request.
   *
   * @param connection a number that nginx gave to its connection
   * @param end seconds
   * @param time seconds that it took
   */
  public record Line(
      String protocol, String connection, String method, int status, double end, double time) {
    boolean isHttp2() {
      return protocol.equals("HTTP/2.0");
    }
  }

  private final Path directory;
  private final String scheme;
  private final int port;
  private final Process process;

  private NginxOrigin(Path directory, String scheme, int port, Process process) {
    this.directory = directory;
    this.scheme = scheme;
    this.port = port;
    this.process = process;
  }

  /** Serves {@code directory/files} without TLS. */
  public static NginxOrigin startPlain(Path directory, String server) throws Exception {
    return start(directory, "http", "", server);
  }

  /**
   * Serves {@code directory/files}, with the certificate {@code good}.
   *
   * @param listen what stands behind the port, such as {@code ssl http2}
   * @param server more lines for the server
   */
  static NginxOrigin start(
      Path directory, TestCertificates certificates, String listen, String server)
      throws Exception {
    certificates.writePem(directory, "good");
    String tls =
        "ssl_certificate %1$s/good.crt; ssl_certificate_key %1$s/good.key; ".formatted(directory);
    return start(directory, "https", listen, tls + server);
  }

  private static NginxOrigin start(Path directory, String scheme, String listen, String server)
      throws Exception {
    Optional<Path> nginx =
        Stream.of("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx")
            .map(Path::of)
            .filter(Files::isExecutable)
            .findFirst();
    assumeThat(nginx).as("apt-get install nginx-light").isPresent();
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = directory.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        daemon off;
        worker_processes 1;
        user root;
        pid %1$s/nginx.pid;
        error_log %1$s/error.log;
        events { worker_connections 256; }
        http {
          log_format one '$server_protocol $connection $request_method $status'
              ' $msec $request_time';
          access_log %1$s/access.log one;
          client_body_temp_path %1$s/t1;
          proxy_temp_path %1$s/t2;
          fastcgi_temp_path %1$s/t3;
          uwsgi_temp_path %1$s/t4;
          scgi_temp_path %1$s/t5;
          root %1$s/files;
          server {
            listen 127.0.0.1:%2$d %3$s;
            %4$s
          }
        }
        """
            .formatted(directory, port, listen, server));
    Process process =
        new ProcessBuilder(nginx.get().toString(), "-c", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("out").toFile())
            .start();
    NginxOrigin origin = new NginxOrigin(directory, scheme, port, process);
    await().atMost(LIMIT).until(origin::answers);
    return origin;
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  int port() {
    return port;
  }

  public String url(String path) {
    return scheme + "://127.0.0.1:" + port + path;
  }

  /** Lets it begin anew with its configuration: its worker ends gracefully. */
  void reload() throws Exception {
    long worker = workers().getFirst().pid();
    signal("HUP", process.pid());
    await().atMost(LIMIT).until(() -> workers().stream().anyMatch(one -> one.pid() != worker));
  }

  /** Ends the worker in the midst of what it does; another one follows it. */
  void killWorker() throws Exception {
    workers().getFirst().destroyForcibly();
  }

  private List<ProcessHandle> workers() {
    return process.children().toList();
  }

  private static void signal(String name, long pid) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(pid)).inheritIO().start().waitFor();
  }

  /** All requests that have ended. */
  public List<Line> log() throws IOException {
    return Files.readAllLines(directory.resolve("access.log")).stream()
        .map(line -> line.split(" ", -1))
        .map(f ->
            new Line(
                f[0],
                f[1],
                f[2],
                Integer.parseInt(f[3]),
                Double.parseDouble(f[4]),
                Double.parseDouble(f[5])))
        .toList();
  }

  public List<Line> awaitLog(int lines) throws IOException {
    await().atMost(LIMIT).until(() -> log().size() >= lines);
    return log();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
