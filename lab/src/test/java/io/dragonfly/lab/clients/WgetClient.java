package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Path;
import java.util.List;

/** wget with http_proxy; a rule says what comes through the swarm. */
record WgetClient(Bench bench) implements Client {
  @Override
  public List<Tool> tools() {
    return List.of(Tool.WGET);
  }

  @Override
  public Content publish(String name) throws Exception {
    return bench.files().add("wget-" + name + ".bin", 9_000_001);
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    FileTree.Served file = (FileTree.Served) content;
    Path output = bench.newDirectory().resolve("file");
    bench.run(
        "http_proxy=" + bench.proxy(daemon),
        Tool.WGET.path(),
        "-q",
        "-O",
        output.toString(),
        file.url());
    assertThat(LabContent.sha256(output)).isEqualTo(file.sha256());
  }

  @Override
  public String toString() {
    return "wget";
  }
}
