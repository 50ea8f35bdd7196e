package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.ProcessCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** nginx with sendfile, one worker, serving a directory on 127.0.0.1; the client is curl. */
final class Rival implements AutoCloseable {
  private final Process nginx;
  private final int port;

  static Rival serving(Path directory) throws IOException, InterruptedException {
    for (String tool : List.of("nginx", "curl")) {
      if (new ProcessBuilder("sh", "-c", "command -v " + tool + " /usr/sbin/" + tool)
              .start()
              .waitFor()
          != 0) {
        throw new IOException(tool + " is missing: apt-get install " + tool);
      }
    }
    return new Rival(directory);
  }

  private Rival(Path directory) throws IOException {
    port = ProcessCluster.freePort();
    Path config = directory.resolve("nginx.conf");
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
          access_log off;
          sendfile on;
          client_body_temp_path %1$s/t1;
          proxy_temp_path %1$s/t2;
          fastcgi_temp_path %1$s/t3;
          uwsgi_temp_path %1$s/t4;
          scgi_temp_path %1$s/t5;
          server { listen 127.0.0.1:%2$d; root %1$s; }
        }
        """
            .formatted(directory, port));
    nginx =
        new ProcessBuilder("sh", "-c", "PATH=$PATH:/usr/sbin exec nginx -c " + config)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("nginx.out").toFile())
            .start();
  }

  String url(String file) {
    return "http://127.0.0.1:" + port + "/" + file;
  }

  /** CPU seconds of server and client for one transfer into a fresh file. */
  double transfer(String file, Path output) throws IOException, InterruptedException {
    double before = Cpu.seconds(nginx.pid());
    double client =
        Shell.childCpuSeconds(
            "curl -sf --retry-connrefused --retry 20 -o " + output + " " + url(file));
    return client + Cpu.seconds(nginx.pid()) - before;
  }

  @Override
  public void close() {
    nginx.destroyForcibly();
  }
}
