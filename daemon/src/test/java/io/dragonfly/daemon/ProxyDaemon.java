package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.tls.OwnAuthority;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A daemon with a proxy, and the clients that ask it. */
final class ProxyDaemon implements AutoCloseable {
  private final Path dir;
  private final Daemon daemon;

  /** What curl did: its exit code, what it got, the heads and trailers, and what it complained. */
  record Run(int code, Path file, Path heads, String err) {
    byte[] out() throws IOException {
      return Files.readAllBytes(file);
    }

    String text() throws IOException {
      return new String(out(), ISO_8859_1);
    }

    List<String> lines() throws IOException {
      return Files.readAllLines(heads).stream()
          .map(line -> line.toLowerCase(Locale.ROOT).strip())
          .toList();
    }

    /** What came after the body, or else the last line of the head. */
    String trailer() throws IOException {
      return lines().stream().filter(line -> !line.isEmpty()).toList().getLast();
    }
  }

  /**
   * Starts it.
   *
   * @param more lines of its configuration
   */
  private ProxyDaemon(Path dir, String more) throws Exception {
    this.dir = dir;
    daemon =
        new Daemon(
            Daemon.configuration(
                """
                host: {hostname: one, ip: 127.0.0.1}
                download: {server: {socketPath: %1$s/one.sock}}
                upload: {server: {ip: 127.0.0.1, port: 0}}
                storage: {dir: %1$s/one, server: {ip: 127.0.0.1, tcpPort: 0}}
                metrics: {server: {ip: 127.0.0.1, port: 0}}
                health: {server: {ip: 127.0.0.1, port: 0}}
                """
                        .formatted(dir)
                    + more),
            dir.resolve("dynconfig.yaml"));
    daemon.start();
  }

  /**
   * @param server keys of proxy.server, each after a comma
   * @param proxy lines of the section proxy
   */
  static ProxyDaemon of(Path dir, String server, String proxy) throws Exception {
    return new ProxyDaemon(dir, section(server, proxy));
  }

  /**
   * One that believes an origin's authority.
   *
   * @param server keys of proxy.server, each after a comma
   * @param proxy lines of the section proxy
   */
  static ProxyDaemon of(Path dir, TlsOrigin origin, String server, String proxy) throws Exception {
    return new ProxyDaemon(
        dir, "backend: {caCert: " + origin.authority() + "}\n" + section(server, proxy));
  }

  /**
   * One that asks another proxy for the way to all that is not on this machine.
   *
   * @param authority what it believes origins by
   * @param proxy lines of the section proxy
   */
  static ProxyDaemon behind(ProxyDaemon other, Path dir, Path authority, String proxy)
      throws Exception {
    return behind(other.port(), dir, "caCert: " + authority + ", ", proxy);
  }

  /**
   * The same, with whatever is at a port of this machine as the other proxy.
   *
   * @param backend keys of backend, each with a comma behind it
   */
  static ProxyDaemon behind(int other, Path dir, String backend, String proxy) throws Exception {
    return new ProxyDaemon(
        dir,
        "backend: {%sproxy: 'http://u:p@%s:%d'}\n"
                .formatted(backend, ScriptedNames.name("front", "127.0.0.9,127.0.0.1"), other)
            + section("", proxy));
  }

  /** One for {@link #behind}, which wants a user and a password. */
  static ProxyDaemon inFront(Path dir) throws Exception {
    return of(Files.createDirectories(dir), ", basicAuth: {username: u, password: p}", "");
  }

  private static String section(String server, String proxy) {
    return "proxy:\n  server: {ip: 127.0.0.1, port: 0" + server + "}\n" + proxy.indent(2);
  }

  /** The certificate of the authority of the one that is started here, exported. */
  static Path export(Path dir) throws Exception {
    OwnAuthority own = new OwnAuthority(dir.resolve("one/ca"));
    String pem = own.readOrMake("one").pem();
    own.export();
    return Files.writeString(dir.resolve("ours.pem"), pem);
  }

  Daemon daemon() {
    return daemon;
  }

  int port() {
    return daemon.proxyPort();
  }

  /** A connection to the proxy. */
  Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** What comes back on a connection of its own, to its end. */
  String raw(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  /** Runs curl through the proxy. */
  Run curl(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("-x", "http://127.0.0.1:" + port()));
    all.addAll(List.of(arguments));
    return curlWithout(all.toArray(String[]::new));
  }

  /** Runs curl, which is told nothing of the proxy. */
  Run curlWithout(String... arguments) throws Exception {
    Path out = dir.resolve("out");
    Path err = dir.resolve("err");
    Path heads = dir.resolve("heads");
    List<String> command =
        new ArrayList<>(List.of("curl", "-sS", "--noproxy", "", "-D", heads.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.toLowerCase(Locale.ROOT).contains("proxy"));
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Run(process.exitValue(), out, heads, Files.readString(err));
  }

  @Override
  public void close() {
    daemon.close();
  }

  /** What comes up to the end of the line, or of the stream; with the end. */
  static String line(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder line = new StringBuilder();
    int c;
    do {
      c = in.read();
      line.append((char) c);
    } while (c >= 0 && c != '\n');
    return line.toString();
  }
}
