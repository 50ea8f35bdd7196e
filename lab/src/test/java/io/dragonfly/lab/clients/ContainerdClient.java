package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** containerd with a hosts.toml that names the daemon as a mirror. */
final class ContainerdClient implements Client {
  private final Bench bench;
  private final Registry registry;
  private final Map<String, Containerd> hosts = new HashMap<>();

  /** Pulls from a registry. */
  ContainerdClient(Bench bench, Registry registry) {
    this.bench = bench;
    this.registry = registry;
  }

  @Override
  public List<Tool> tools() {
    return List.of(Tool.CONTAINERD, Tool.CTR, Tool.RUNC, Tool.DOCKER_REGISTRY);
  }

  @Override
  public Content publish(String name) throws Exception {
    return registry.pushSmall("containerd/" + name);
  }

  /** The containerd of a daemon's host. */
  Containerd on(String daemon) throws IOException, InterruptedException {
    Containerd known = hosts.get(daemon);
    if (known == null) {
      known = Containerd.start(bench);
      known.configure(
          registry.address(),
          """
          server = "%1$s"

          [host."%2$s"]
          capabilities = ["pull", "resolve"]
          [host."%2$s".header]
          X-Dragonfly-Registry = "%1$s"
          """
              .formatted(registry.url(), bench.proxy(daemon)));
      hosts.put(daemon, known);
    }
    return known;
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    get(daemon, (Registry.Pushed) content, content.name());
  }

  /** Gets something under a name that may have a digest, with more options of ctr. */
  void get(String daemon, Registry.Pushed pushed, String name, String... options) throws Exception {
    Containerd containerd = on(daemon);
    containerd.pull(registry.address() + "/" + name, options);
    assertThat(containerd.digests())
        .containsAll(
            pushed.images().stream()
                .flatMap(image -> image.all().stream())
                .map(Blob::digest)
                .toList());
  }

  @Override
  public String toString() {
    return "containerd";
  }
}
