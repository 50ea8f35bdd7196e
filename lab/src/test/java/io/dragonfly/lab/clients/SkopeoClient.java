package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Path;
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
    Path output = bench.newDirectory();
    bench.run(
        Tool.SKOPEO.path(),
        "--insecure-policy",
        "copy",
        "--src-tls-verify=false",
        "docker://" + bench.proxyAddress(daemon) + "/" + content.name(),
        "dir:" + output);
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
