package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * git-lfs with http.proxy; by a rule objects come through the swarm, what the server says of them
 * does not.
 *
 * @param files where objects are
 * @param server its URL
 */
record GitLfsClient(Bench bench, FileTree files, String server) implements Client {
  /** In the tree that is served. */
  static final String OBJECTS = "objects/";

  @Override
  public List<Tool> tools() {
    return List.of(Tool.GIT, Tool.GIT_LFS);
  }

  @Override
  public Content publish(String name) throws Exception {
    LabContent object = new LabContent(name.hashCode(), 7_000_001);
    Files.createDirectories(files.directory().resolve(OBJECTS));
    String file = OBJECTS + object.sha256();
    object.write(files.directory().resolve(file));
    return files.served(file);
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    String proxy = bench.proxy(daemon);
    pull((FileTree.Served) content, List.of(), List.of("config", "http.proxy", proxy));
  }

  /** With the configuration of a user. */
  void get(Path home, Content content) throws Exception {
    pull((FileTree.Served) content, List.of("HOME=" + home), List.of("status", "--short"));
  }

  private void pull(FileTree.Served object, List<String> environment, List<String> more)
      throws Exception {
    Path repository = bench.newDirectory();
    Path file = repository.resolve("model.bin");
    git(repository, "init", "--quiet");
    Files.writeString(repository.resolve(".gitattributes"), "*.bin filter=lfs -text\n");
    Files.writeString(
        file,
        "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
            .formatted(object.sha256(), object.bytes()));
    git(repository, "add", ".");
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "a");
    git(repository, "config", "lfs.url", server);
    git(repository, more.toArray(String[]::new));
    git(environment, repository, "lfs", "pull");
    assertThat(LabContent.sha256(file)).isEqualTo(object.sha256());
  }

  private void git(Path repository, String... arguments) throws Exception {
    git(List.of(), repository, arguments);
  }

  private void git(List<String> environment, Path repository, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(environment);
    command.addAll(List.of(Tool.GIT.path(), "-C", repository.toString()));
    command.addAll(List.of(arguments));
    bench.run(command);
  }

  @Override
  public String toString() {
    return "git-lfs";
  }
}
