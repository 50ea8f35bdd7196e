package io.dragonfly.lab.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** nginx with sendfile, one worker, serving a directory, and counting the bodies that it sent. */
public final class Nginx implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);
  private static final Pattern LINE = Pattern.compile("body=(\\d+) .*path=(\\S+)");

  private final Program program;
  private final Location location;
  private final int port;
  private final Path log;

  private Nginx(Program program, Location location, int port, Path log) {
    this.program = program;
    this.location = location;
    this.port = port;
    this.log = log;
  }

  /**
   * Serves {@code files}.
   *
   * @param own an existing directory for its configuration and logs
   */
  public static Nginx start(Location location, Path files, Path own)
      throws IOException, InterruptedException {
    return start(location, files, own, "");
  }

  /**
   * Serves {@code files}, or what more directives of its server say.
   *
   * @param own an existing directory for its configuration and logs
   * @param directives such as {@code limit_rate 8m;}
   */
  public static Nginx start(Location location, Path files, Path own, String directives)
      throws IOException, InterruptedException {
    int port = ProcessCluster.freePort();
    Path log = own.resolve("access.log");
    Path config = own.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        daemon off;
        master_process off;
        user root;
        pid %1$s/nginx.pid;
        error_log %1$s/nginx.log;
        events { worker_connections 1024; }
        http {
          log_format sent 'status=$status body=$body_bytes_sent range="$http_range"'
              ' path=$uri';
          access_log %1$s/access.log sent;
          sendfile on;
          client_body_temp_path %1$s/t1;
          proxy_temp_path %1$s/t2;
          fastcgi_temp_path %1$s/t3;
          uwsgi_temp_path %1$s/t4;
          scgi_temp_path %1$s/t5;
          server { listen %2$s:%3$d; root %4$s; %5$s }
        }
        """
            .formatted(own, location.address(), port, files, directives));
    List<String> command = new ArrayList<>(location.enter());
    command.addAll(List.of(Tool.NGINX.path(), "-c", config.toString()));
    Program program = Program.start(own.resolve("nginx.out"), command);
    program.awaitListening(port, START_LIMIT);
    return new Nginx(program, location, port, log);
  }

  public long pid() {
    return program.pid();
  }

  Location location() {
    return location;
  }

  int port() {
    return port;
  }

  /** The URL of one of the files. */
  public String url(String file) {
    return "http://" + location.address() + ":" + port + "/" + file;
  }

  /** Bytes of bodies in all requests that have ended. */
  public long bytesSent() throws IOException {
    return bytesSent(_ -> true);
  }

  /** Bytes of bodies in the requests that have ended for some of the paths. */
  public long bytesSent(Predicate<String> path) throws IOException {
    return LINE.matcher(Files.readString(log))
        .results()
        .filter(match -> path.test(match.group(2)))
        .mapToLong(match -> Long.parseLong(match.group(1)))
        .sum();
  }

  @Override
  public void close() {
    program.close();
  }
}
