package io.dragonfly.daemon;

import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.Issued;
import io.dragonfly.common.tls.OwnAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.stream.Collectors;

/**
 * nginx with TLS as an origin, for localhost unless another name is given: files under /, and
 * beside them what its configuration is given. Its log has a line for each request.
 */
final class TlsOrigin implements AutoCloseable {
  private final Path directory;
  private final Process process;
  private final String host;
  private final int port;

  TlsOrigin(Path directory, String locations) throws Exception {
    this(directory, "localhost", locations);
  }

  /**
   * @param host what its certificate names
   */
  TlsOrigin(Path directory, String host, String locations) throws Exception {
    this.host = host;
    this.directory = Files.createDirectories(directory);
    Files.createDirectories(directory.resolve("files"));
    CertificateAuthority authority = new OwnAuthority(directory.resolve("ca")).readOrMake("origin");
    Files.writeString(authority(), authority.pem());
    Issued issued = authority.issue(host, Instant.now());
    Files.writeString(directory.resolve("chain.pem"), chain(issued));
    Files.writeString(directory.resolve("key.pem"), pem("PRIVATE KEY", issued.key().getEncoded()));
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = directory.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        daemon off;
        master_process off;
        user root;
        pid %1$s/nginx.pid;
        error_log %1$s/error.log;
        events { worker_connections 512; }
        http {
          log_format line '$request_method $host $request_uri $status $http_authorization';
          access_log %1$s/access.log line;
          client_body_temp_path %1$s/t1;
          proxy_temp_path %1$s/t2;
          fastcgi_temp_path %1$s/t3;
          uwsgi_temp_path %1$s/t4;
          scgi_temp_path %1$s/t5;
          server {
            listen 127.0.0.1:%2$d ssl;
            ssl_certificate %1$s/chain.pem;
            ssl_certificate_key %1$s/key.pem;
            location / { root %1$s/files; }
            %3$s
          }
        }
        """
            .formatted(directory, port, locations));
    process =
        new ProcessBuilder("nginx", "-c", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("out").toFile())
            .start();
    awaitListening();
  }

  private void awaitListening() throws Exception {
    Instant end = Instant.now().plus(Duration.ofSeconds(30));
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (Instant.now().isAfter(end) || !process.isAlive()) {
          throw new IOException(
              "nginx does not listen: " + Files.readString(directory.resolve("out")), e);
        }
        Thread.sleep(20);
      }
    }
  }

  private static String chain(Issued issued) throws Exception {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : issued.chain()) {
      text.append(pem("CERTIFICATE", certificate.getEncoded()));
    }
    return text.toString();
  }

  private static String pem(String label, byte[] content) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(content)
        + "\n-----END "
        + label
        + "-----\n";
  }

  /** PEM of who certifies it. */
  Path authority() {
    return directory.resolve("origin-ca.pem");
  }

  int port() {
    return port;
  }

  String base() {
    return "https://" + host + ":" + port;
  }

  void put(String name, byte[] content) throws IOException {
    Files.write(directory.resolve("files").resolve(name), content);
  }

  /** Requests whose line has such a text. */
  long asked(String text) throws IOException {
    return Files.readString(directory.resolve("access.log"), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains(text))
        .count();
  }

  String log() throws IOException {
    return Files.readAllLines(directory.resolve("access.log")).stream()
        .collect(Collectors.joining("\n"));
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
