package io.dragonfly.lab.clients;

import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** docker-registry; its log says what it sent. */
final class Registry {
  /** Images that were pushed, under one name. */
  record Pushed(Registry registry, String repository, List<Image> images) implements Content {
    @Override
    public String name() {
      return repository + ":latest";
    }

    @Override
    public long bytes() {
      return blobs().stream().mapToLong(Blob::size).sum();
    }

    @Override
    public long read() throws IOException {
      long sum = 0;
      for (Blob blob : blobs()) {
        sum += registry.bytesSent(blob);
      }
      return sum;
    }

    /** Configurations and layers. */
    List<Blob> blobs() {
      return images.stream().flatMap(image -> image.blobs().stream()).distinct().toList();
    }

    /** The only image. */
    Image image() {
      return images.getFirst();
    }
  }

  private static final Pattern LINE = Pattern.compile("\"GET (\\S+) HTTP/[\\d.]+\" 20\\d (\\d+) ");
  private static final Pattern LOCATION = Pattern.compile("(?im)^location: (\\S+)");

  private static final int TLS_PORT = 443;

  private final Bench bench;
  private final Program program;
  private final String address;
  private final String scheme;
  private final List<String> access;

  private Registry(
      Bench bench, Program program, String address, String scheme, List<String> access) {
    this.bench = bench;
    this.program = program;
    this.address = address;
    this.scheme = scheme;
    this.access = access;
  }

  /** Open to everybody, by plain HTTP. */
  static Registry start(Bench bench) throws IOException, InterruptedException {
    return start(bench, "http", ProcessCluster.freePort(), "", "", List.of());
  }

  /**
   * With more of its configuration.
   *
   * @param http fields of its section {@code http}, each with a comma before it
   * @param sections more of them
   * @param access arguments with which curl may push to it
   */
  static Registry start(
      Bench bench, String scheme, int port, String http, String sections, List<String> access)
      throws IOException, InterruptedException {
    Bench.require(List.of(Tool.DOCKER_REGISTRY));
    Path own = bench.newDirectory();
    String place = bench.place().address();
    String address = port == TLS_PORT ? place : place + ":" + port;
    Path config = own.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: warn}
        storage: {filesystem: {rootdirectory: %s}}
        http: {addr: "%s", secret: lab%s}
        %s
        """
            .formatted(own.resolve("data"), place + ":" + port, http, sections));
    List<String> command = new ArrayList<>(bench.place().enter());
    command.addAll(List.of(Tool.DOCKER_REGISTRY.path(), "serve", config.toString()));
    Program program = bench.own(Program.start(own.resolve("log"), command), port);
    return new Registry(bench, program, address, scheme, access);
  }

  /**
   * The same behind nginx.
   *
   * @param directives such as {@code limit_rate 8m;}
   */
  Registry behind(String directives) throws IOException, InterruptedException {
    Nginx front =
        bench.nginx(
            bench.newDirectory(),
            """
            %s
            client_max_body_size 0;
            location / {
              proxy_pass %s;
              proxy_set_header Host $http_host;
              proxy_http_version 1.1;
              proxy_max_temp_file_size 0;
            }
            """
                .formatted(directives, url()));
    String place = front.url("").replaceAll("^http://|/$", "");
    return new Registry(bench, program, place, "http", access);
  }

  /** Host and port. */
  String address() {
    return address;
  }

  /** What clients call something in it. */
  String name(String name) {
    return address + "/" + name;
  }

  String url() {
    return scheme + "://" + address;
  }

  /** Pushes a new image of two layers, as the latest of a name. */
  Pushed pushSmall(String repository) throws IOException, InterruptedException {
    Path directory = bench.newDirectory();
    String name = repository.replace('/', '-');
    List<Layer> layers =
        List.of(
            Layer.plain(directory, name + "-a", 9_000_001),
            Layer.gzip(directory, name + "-b", 2_000_003));
    return push(repository, Image.of(directory, "amd64", layers));
  }

  /** Pushes an image under a name, as its latest. */
  Pushed push(String repository, Image image) throws IOException, InterruptedException {
    Pushed pushed = new Pushed(this, repository, List.of(image));
    pushBlobs(pushed);
    pushManifest(repository, "latest", image.manifest());
    return pushed;
  }

  /** Pushes several images under a name, of which an index is the latest. */
  Pushed push(String repository, List<Image> images, Blob index)
      throws IOException, InterruptedException {
    Pushed pushed = new Pushed(this, repository, images);
    pushBlobs(pushed);
    for (Image image : images) {
      pushManifest(repository, image.manifest().digest(), image.manifest());
    }
    pushManifest(repository, "latest", index);
    return pushed;
  }

  private void pushBlobs(Pushed pushed) throws IOException, InterruptedException {
    String uploads = url() + "/v2/" + pushed.repository + "/blobs/uploads/";
    for (Blob blob : pushed.blobs()) {
      Matcher location = LOCATION.matcher(curl("-X", "POST", "-D", "-", uploads));
      if (!location.find()) {
        throw new IOException("the registry does not say where to push");
      }
      String target = location.group(1) + "&digest=" + blob.digest();
      curl("-H", "Content-Type: application/octet-stream", "-T", blob.file().toString(), target);
    }
  }

  /** Pushes a manifest or an index whose parts are there. */
  void pushManifest(String repository, String reference, Blob manifest)
      throws IOException, InterruptedException {
    curl(
        "-H",
        "Content-Type: " + manifest.mediaType(),
        "-T",
        manifest.file().toString(),
        url() + "/v2/" + repository + "/manifests/" + reference);
  }

  private String curl(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Tool.CURL.path(), "-sS", "--fail"));
    command.addAll(access);
    command.addAll(List.of(arguments));
    return bench.run(command);
  }

  /** Bytes of a blob, or a manifest, that it sent in requests that have ended. */
  long bytesSent(Blob blob) throws IOException {
    return LINE.matcher(program.output())
        .results()
        .filter(match -> match.group(1).split("\\?", 2)[0].endsWith("/" + blob.digest()))
        .mapToLong(match -> Long.parseLong(match.group(2)))
        .sum();
  }

  /** Ends it. */
  void stop() throws InterruptedException {
    program.kill();
  }
}
