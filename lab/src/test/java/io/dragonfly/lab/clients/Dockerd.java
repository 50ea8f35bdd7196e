package io.dragonfly.lab.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** The dockerd of one host, with a store and a containerd of its own, and no network to manage. */
final class Dockerd implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Bench bench;
  private final Path directory;
  private final Program program;

  private Dockerd(Bench bench, Path directory, Program program) {
    this.bench = bench;
    this.directory = directory;
    this.program = program;
  }

  /**
   * Starts it.
   *
   * @param root stands for / where it looks for {@code /etc/docker}, and for what systemd would
   *     tell it
   */
  static Dockerd start(Bench bench, Path root) throws IOException {
    Path directory = bench.newDirectory();
    // The place of its certificates can't be chosen.
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount --bind \"$0\" /etc/docker && exec \"$@\"",
                root.resolve("etc/docker").toString()));
    command.addAll(bench.enterWithSystem());
    command.addAll(List.of("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + directory));
    command.addAll(environment(root));
    command.addAll(
        List.of(
            Tool.DOCKERD.path(),
            "--data-root=" + directory.resolve("root"),
            "--exec-root=" + directory.resolve("exec"),
            "--pidfile=" + directory.resolve("pid"),
            "--host=unix://" + directory.resolve("s"),
            "--storage-driver=vfs",
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none"));
    Program program = Program.start(directory.resolve("log"), command);
    Dockerd made = bench.own(new Dockerd(bench, directory, program));
    await()
        .atMost(LIMIT)
        .until(() -> {
          assertThat(program.isAlive()).as(program.output()).isTrue();
          return program.output().contains("API listen on");
        });
    return made;
  }

  /** What setup told systemd to start it with. */
  private static List<String> environment(Path root) throws IOException {
    Path file = root.resolve("etc/systemd/system/docker.service.d/50-dragonfly.conf");
    if (!Files.exists(file)) {
      return List.of();
    }
    return Pattern.compile("(?m)^Environment=\"(.*)\"$")
        .matcher(Files.readString(file))
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  /** Has a user name itself to a registry from now on. */
  void logIn(String registry, String user) throws IOException {
    String auth = Base64.getEncoder().encodeToString(user.getBytes(UTF_8));
    Files.writeString(
        directory.resolve("config.json"),
        "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(registry, auth));
  }

  /** Pulls and unpacks an image. */
  void pull(String name) throws IOException, InterruptedException {
    docker("pull", "--quiet", name);
  }

  /** What is known of an image; see docker-image-inspect(1). */
  String inspect(String name, String format) throws IOException, InterruptedException {
    return docker("image", "inspect", "--format=" + format, name).strip();
  }

  private String docker(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Tool.DOCKER.path(),
                "--config=" + directory,
                "--host=unix://" + directory.resolve("s")));
    command.addAll(List.of(arguments));
    return bench.run(command);
  }

  /** It ends its containerd with itself, unless it is killed. */
  @Override
  public void close() {
    List<ProcessHandle> own =
        ProcessHandle.of(program.pid()).stream().flatMap(ProcessHandle::descendants).toList();
    try {
      program.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      own.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
