package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * dockerd as {@code dragonfly setup docker} configures it: the daemon is its mirror of Docker Hub,
 * and the daemon's own mirror is of the bench's registry.
 */
final class DockerClient implements Client {
  private final Bench bench;
  private final Map<String, Dockerd> hosts = new HashMap<>();

  DockerClient(Bench bench) {
    this.bench = bench;
  }

  @Override
  public List<Tool> tools() {
    return List.of(Tool.DOCKERD, Tool.DOCKER, Tool.CONTAINERD, Tool.RUNC, Tool.DOCKER_REGISTRY);
  }

  @Override
  public Content publish(String name) throws Exception {
    return bench.registry().pushSmall("docker/" + name);
  }

  private Dockerd on(String daemon) throws IOException {
    Dockerd known = hosts.get(daemon);
    if (known == null) {
      Path root = bench.newDirectory();
      Bench.setUp(root, "docker", "--proxy", bench.proxy(daemon));
      known = Dockerd.start(bench, root);
      hosts.put(daemon, known);
    }
    return known;
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    get(daemon, (Registry.Pushed) content, content.name());
  }

  /** Gets something by the name under which Docker knows it. */
  private void get(String daemon, Registry.Pushed pushed, String name) throws Exception {
    assertPulls(on(daemon), pushed, name);
  }

  /** A dockerd gets all of an image. */
  static void assertPulls(Dockerd docker, Registry.Pushed pushed, String name) throws Exception {
    docker.pull(name);
    Image image = pushed.image();
    assertThat(docker.inspect(name, "{{index .RepoDigests 0}}"))
        .endsWith("@" + image.manifest().digest());
    // It computed the digests of the configuration and of what it unpacked.
    assertThat(docker.inspect(name, "{{.Id}}")).isEqualTo(image.blobs().getFirst().digest());
  }

  @Override
  public String toString() {
    return "docker";
  }
}
