package io.dragonfly.lab.clients;

import io.dragonfly.lab.faults.LabCertificates;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory that nginx serves. */
final class FileTree {
  /** A file in it. */
  record Served(FileTree tree, String name, long bytes, String sha256) implements Content {
    @Override
    public long read() throws IOException {
      return tree.nginx.bytesSent(path -> path.equals("/" + name));
    }

    String url() {
      return tree.url + name;
    }
  }

  private final Path directory;
  private final Nginx nginx;

  private final String url;

  private FileTree(Path directory, Nginx nginx, String url) {
    this.directory = directory;
    this.nginx = nginx;
    this.url = url;
  }

  static FileTree on(Bench bench, String directives) throws IOException, InterruptedException {
    Path directory = bench.newDirectory();
    Nginx nginx = bench.nginx(directory, directives);
    return new FileTree(directory, nginx, nginx.url(""));
  }

  /** One that is asked by https. */
  static FileTree withTls(Bench bench, LabCertificates certificates) throws Exception {
    Path directory = bench.newDirectory();
    String place = bench.place().address() + ":" + ProcessCluster.freePort();
    String tls =
        "listen %s ssl; ssl_certificate %s; ssl_certificate_key %s;"
            .formatted(place, certificates.certificate("good"), certificates.key("good"));
    return new FileTree(directory, bench.nginx(directory, tls), "https://" + place + "/");
  }

  /** Adds a file of random bytes. */
  Served add(String name, long bytes) throws IOException {
    Path file = directory.resolve(name);
    new LabContent(name.hashCode(), bytes).write(file);
    return served(name);
  }

  /** A file that is there already. */
  Served served(String name) throws IOException {
    Path file = directory.resolve(name);
    return new Served(this, name, Files.size(file), LabContent.sha256(file));
  }

  Path directory() {
    return directory;
  }

  /** What the URLs of all files begin with. */
  String url() {
    return url;
  }

  /** Ends the origin; what it has is gone for who asks now. */
  void stop() {
    nginx.close();
  }
}
