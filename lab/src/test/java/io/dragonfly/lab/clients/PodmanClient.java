package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** podman with a registries.conf that names the daemon as a mirror. */
record PodmanClient(Bench bench) implements Client {
  @Override
  public List<Tool> tools() {
    return List.of(Tool.PODMAN, Tool.RUNC, Tool.DOCKER_REGISTRY);
  }

  @Override
  public Content publish(String name) throws Exception {
    return bench.registry().pushSmall("podman/" + name);
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    Registry.Pushed pushed = (Registry.Pushed) content;
    Path directory = bench.newDirectory();
    Path config = directory.resolve("registries.conf");
    Files.writeString(
        config,
        """
        [[registry]]
        location = "%1$s"
        insecure = true

        [[registry.mirror]]
        location = "%2$s"
        insecure = true
        """
            .formatted(bench.registry().address(), bench.proxyAddress(daemon)));
    String name = bench.registry().address() + "/" + content.name();
    List<String> podman =
        List.of(
            "CONTAINERS_REGISTRIES_CONF=" + config,
            Tool.PODMAN.path(),
            "--root=" + directory.resolve("root"),
            "--runroot=" + directory.resolve("run"),
            "--tmpdir=" + directory.resolve("tmp"),
            "--storage-driver=vfs",
            "--events-backend=none");
    run(podman, "pull", "--quiet", name);
    assertThat(run(podman, "image", "inspect", "--format={{.Digest}}", name).strip())
        .isEqualTo(pushed.image().manifest().digest());
  }

  private String run(List<String> podman, String... arguments) throws Exception {
    return bench.run(Stream.concat(podman.stream(), Stream.of(arguments)).toList());
  }

  @Override
  public String toString() {
    return "podman";
  }
}
