package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
    pull(List.of("CONTAINERS_REGISTRIES_CONF=" + config), pushed, name);
  }

  /**
   * Gets an image into a new store.
   *
   * @param environment assignments
   */
  void pull(List<String> environment, Registry.Pushed pushed, String name, String... options)
      throws Exception {
    Path directory = bench.newDirectory();
    List<String> podman = new ArrayList<>(environment);
    podman.addAll(
        List.of(
            Tool.PODMAN.path(),
            "--root=" + directory.resolve("root"),
            "--runroot=" + directory.resolve("run"),
            "--tmpdir=" + directory.resolve("tmp"),
            "--storage-driver=vfs",
            "--events-backend=none"));
    List<String> pull = new ArrayList<>(podman);
    pull.addAll(List.of("pull", "--quiet"));
    pull.addAll(List.of(options));
    pull.add(name);
    bench.run(pull);
    podman.addAll(List.of("image", "inspect", "--format={{.Digest}}", name));
    assertThat(bench.run(podman).strip()).isEqualTo(pushed.image().manifest().digest());
  }

  @Override
  public String toString() {
    return "podman";
  }
}
