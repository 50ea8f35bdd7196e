package io.dragonfly.lab.clients;

import io.dragonfly.lab.faults.LabCertificates;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Clients that {@code dragonfly setup --ca} made trust the daemon inside of HTTPS. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TrustedClientsTest {
  @SuppressWarnings("NullAway.Init") // set before the first test
  private Bench bench;

  @SuppressWarnings("NullAway.Init")
  private FileTree files;

  @BeforeAll
  void open() throws Exception {
    bench = Bench.open();
    LabCertificates certificates = LabCertificates.create(bench.newDirectory());
    files = FileTree.withTls(bench, certificates);
    bench.start("backend:\n  caCert: " + certificates.authority() + "\n");
  }

  @AfterAll
  void close() throws Exception {
    if (bench != null) {
      bench.close();
    }
  }

  /** A home with what setup writes. */
  private Path home(String daemon, String client, String... options) throws Exception {
    Path home = bench.newDirectory();
    List<String> arguments = new ArrayList<>(List.of(client, "--proxy", bench.proxy(daemon)));
    arguments.addAll(List.of("--ca", bench.authority(daemon).toString()));
    arguments.addAll(List.of(options));
    Bench.setUpUser(home, arguments.toArray(String[]::new));
    return home;
  }

  @Test
  void pipGetsPackagesOfAnIndexByHttps() throws Exception {
    Bench.require(List.of(Tool.PIP));
    PipClient pip = new PipClient(bench, files);
    Content content = pip.publish("trusted");
    bench.assertReadOnce(content, daemon -> pip.get(home(daemon, "pip"), content));
  }

  @Test
  void gitLfsGetsObjectsByHttps() throws Exception {
    Bench.require(List.of(Tool.GIT, Tool.GIT_LFS));
    GitLfsClient git =
        new GitLfsClient(bench, files, bench.lfs(files.url() + GitLfsClient.OBJECTS));
    Content content = git.publish("trusted");
    String host = files.url().replaceAll("/$", "");
    bench.assertReadOnce(
        content, daemon -> git.get(home(daemon, "git-lfs", "--registry", host), content));
  }
}
