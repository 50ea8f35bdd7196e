package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** skopeo, which takes the daemon for the registry. */
record SkopeoClient(Bench bench) implements Client {
  @Override
  public List<Tool> tools() {
    return List.of(Tool.SKOPEO, Tool.DOCKER_REGISTRY);
  }

  @Override
  public Content publish(String name) throws Exception {
    return bench.registry().pushSmall("skopeo/" + name);
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    Registry.Pushed pushed = (Registry.Pushed) content;
    copy(
        List.of(),
        pushed,
        bench.proxyAddress(daemon) + "/" + content.name(),
        "--src-tls-verify=false");
  }

  /**
   * Gets an image into a new directory.
   *
   * @param environment assignments
   */
  void copy(List<String> environment, Registry.Pushed pushed, String name, String... options)
      throws Exception {
    Path output = bench.newDirectory();
    List<String> command = new ArrayList<>(environment);
    command.addAll(List.of(Tool.SKOPEO.path(), "--insecure-policy", "copy"));
    command.addAll(List.of(options));
    command.addAll(List.of("docker://" + name, "dir:" + output));
    bench.run(command);
    assertThat("sha256:" + LabContent.sha256(output.resolve("manifest.json")))
        .isEqualTo(pushed.image().manifest().digest());
    for (Blob blob : pushed.blobs()) {
      Path file = output.resolve(blob.digest().replace("sha256:", ""));
      assertThat("sha256:" + LabContent.sha256(file)).isEqualTo(blob.digest());
    }
  }

  @Override
  public String toString() {
    return "skopeo";
  }
}
