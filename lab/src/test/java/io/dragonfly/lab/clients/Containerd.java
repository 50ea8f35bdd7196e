package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The containerd of one host, with a store of its own. */
final class Containerd {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Bench bench;
  private final Path directory;

  private Containerd(Bench bench, Path directory) {
    this.bench = bench;
    this.directory = directory;
  }

  /** Starts it; no registry has a mirror yet. */
  static Containerd start(Bench bench) throws IOException {
    Containerd made = new Containerd(bench, bench.newDirectory());
    Path config = made.directory.resolve("config.toml");
    Files.writeString(
        config,
        """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        disabled_plugins = [
          "io.containerd.grpc.v1.cri",
          "io.containerd.internal.v1.opt",
          "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs",
        ]
        [grpc]
        address = "%2$s"
        """
            .formatted(made.directory, made.socket()));
    List<String> command = new ArrayList<>(bench.place().enter());
    command.addAll(List.of(Tool.CONTAINERD.path(), "--config", config.toString()));
    Program program = bench.own(Program.start(made.directory.resolve("log"), command));
    await()
        .atMost(LIMIT)
        .until(() -> {
          assertThat(program.isAlive()).as(program.output()).isTrue();
          return Files.exists(made.socket());
        });
    return made;
  }

  private Path socket() {
    return directory.resolve("s");
  }

  /** What its hosts.toml says of a registry. */
  void configure(String registry, String toml) throws IOException {
    Path place = Files.createDirectories(directory.resolve("hosts").resolve(registry));
    Files.writeString(place.resolve("hosts.toml"), toml);
  }

  /** Pulls and unpacks an image. */
  void pull(String name, String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(ctr());
    command.addAll(List.of("images", "pull", "--snapshotter", "native"));
    command.addAll(List.of("--hosts-dir", directory.resolve("hosts").toString()));
    command.addAll(List.of(options));
    command.add(name);
    bench.run(command);
  }

  /** The digests of what it has, which it computed. */
  List<String> digests() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(ctr());
    command.addAll(List.of("content", "ls", "--quiet"));
    return bench.run(command).lines().toList();
  }

  private List<String> ctr() throws IOException {
    return List.of(Tool.CTR.path(), "--address", socket().toString());
  }
}
