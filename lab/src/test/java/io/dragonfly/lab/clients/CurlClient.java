package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Path;
import java.util.List;

/**
 * curl, asking by a header for what should come through the swarm.
 *
 * @param files what it downloads from
 */
record CurlClient(Bench bench, FileTree files) implements Client {
  @Override
  public List<Tool> tools() {
    return List.of(Tool.CURL);
  }

  @Override
  public Content publish(String name) throws Exception {
    return files.add("curl-" + name, 20_000_003);
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    FileTree.Served file = (FileTree.Served) content;
    Path output = bench.newDirectory().resolve("file");
    bench.run(
        Tool.CURL.path(),
        "-sS",
        "--fail",
        "-x",
        bench.proxy(daemon),
        "-H",
        "X-Dragonfly-Use-P2P: true",
        "-o",
        output.toString(),
        file.url());
    assertThat(LabContent.sha256(output)).isEqualTo(file.sha256());
  }

  @Override
  public String toString() {
    return "curl";
  }
}
