package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** apt with a proxy; by a rule packages come through the swarm, lists do not. */
record AptClient(Bench bench) implements Client {
  private static final int BYTES = 6_000_001;

  @Override
  public List<Tool> tools() {
    return List.of(Tool.APT, Tool.DPKG_DEB);
  }

  @Override
  public Content publish(String name) throws Exception {
    Path tree = bench.newDirectory();
    new LabContent(name.hashCode(), BYTES).write(tree.resolve("data"));
    String control =
        """
        Package: %s
        Version: 1.0
        Architecture: all
        Maintainer: lab <lab@example.org>
        Description: random bytes
        """
            .formatted(name);
    Files.writeString(Files.createDirectory(tree.resolve("DEBIAN")).resolve("control"), control);
    Path archive = bench.files().directory();
    String file = name + "_1.0_all.deb";
    bench.run(
        Tool.DPKG_DEB.path(),
        "--build",
        "-Znone",
        tree.toString(),
        archive.resolve(file).toString());
    FileTree.Served made = bench.files().served(file);
    Files.writeString(
        archive.resolve("Packages"),
        control
            + "Filename: ./%s\nSize: %d\nSHA256: %s\n\n"
                .formatted(file, made.bytes(), made.sha256()));
    return made;
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    FileTree.Served file = (FileTree.Served) content;
    Path own = bench.newDirectory();
    Files.createDirectories(own.resolve("state/lists/partial"));
    Files.createDirectories(own.resolve("cache/archives/partial"));
    Files.createDirectories(own.resolve("etc/apt"));
    Files.createFile(own.resolve("state/status"));
    Files.writeString(
        own.resolve("etc/apt/sources.list"),
        "deb [trusted=yes] %s ./\n".formatted(bench.files().url()));
    Files.writeString(
        own.resolve("apt.conf"),
        """
        Dir::Etc "%1$s/etc/apt";
        Dir::State "%1$s/state";
        Dir::State::status "%1$s/state/status";
        Dir::Cache "%1$s/cache";
        APT::Sandbox::User "root";
        Acquire::http::Proxy "%2$s";
        Acquire::Languages "none";
        """
            .formatted(own, bench.proxy(daemon)));
    apt(own, "update");
    apt(own, "download", file.name().substring(0, file.name().indexOf('_')));
    assertThat(LabContent.sha256(own.resolve(file.name()))).isEqualTo(file.sha256());
  }

  private void apt(Path own, String... arguments) throws Exception {
    String line = "cd %1$s && APT_CONFIG=%1$s/apt.conf exec \"$@\"".formatted(own);
    List<String> command = new ArrayList<>(List.of(Tool.BASH.path(), "-c", line, "bash"));
    command.addAll(List.of(Tool.APT.path(), "-qq"));
    command.addAll(List.of(arguments));
    bench.run(command);
  }

  @Override
  public String toString() {
    return "apt";
  }
}
