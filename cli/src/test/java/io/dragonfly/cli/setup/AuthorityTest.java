package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.tls.OwnAuthority;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that are to trust the daemon inside HTTPS. */
class AuthorityTest {
  private static final String SYSTEM = "-- the system's --\n";

  @TempDir private Path root;
  private SetupRun setup;
  private String pem = "";

  @BeforeEach
  void begin(@TempDir Path elsewhere) throws Exception {
    setup = new SetupRun(root);
    pem = new OwnAuthority(elsewhere).readOrMake("host").pem();
    setup.write("ca.pem", "# ours\n" + pem);
    setup.write("etc/ssl/certs/ca-certificates.crt", SYSTEM);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "docker --registry r.example:5000",
        "podman",
        "podman --user --registry r.example:5000",
        "pip",
        "pip --system",
        "git-lfs",
        "git-lfs --system --registry lfs.example"
      })
  void doneTwiceChangesNothingAndUndoneLeavesNothing(String line) throws Exception {
    Map<String, String> before = setup.tree();
    assertThat(setup.run(line + " --ca ca.pem --dry-run")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(before);
    assertThat(setup.run(line + " --ca ca.pem")).as(setup.err).isZero();
    Map<String, String> after = setup.tree();
    assertThat(after.values()).filteredOn(text -> text.endsWith(pem)).hasSizeGreaterThan(1);
    assertThat(setup.run(line + " --ca ca.pem")).isZero();
    assertThat(setup.out).contains("nothing to change");
    assertThat(setup.tree()).isEqualTo(after);
    assertThat(setup.run(line + " --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(before);
  }

  @Test
  void dockerTrustsItForARegistryAndAsksTheDaemonForAll() throws Exception {
    assertThat(setup.run("docker --registry r.example:5000 --ca ca.pem")).as(setup.err).isZero();
    assertThat(setup.read("etc/docker/certs.d/r.example:5000/dragonfly.crt")).isEqualTo(pem);
    assertThat(setup.read("etc/systemd/system/docker.service.d/50-dragonfly.conf"))
        .isEqualTo(
            """
            [Service]
            Environment="HTTPS_PROXY=http://127.0.0.1:4001"
            Environment="NO_PROXY=.docker.io,.docker.com"
            """);
    assertThat(setup.out)
        .contains("Then run: sh -c systemctl daemon-reload && systemctl restart docker")
        .contains("{regex: '^https://r\\.example:5000/v2/.*/blobs/'}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          etc/docker/daemon.json|{"proxies": {"https-proxy": "http://p:1"}}|/etc/docker/daemon.json has "proxies": Docker has a proxy
          etc/systemd/system/docker.service.d/proxy.conf|[Service]~Environment="https_proxy=http://p:1"|proxy.conf, line 2: Docker has a proxy, or exceptions
          """)
  void anotherProxyOfDockersIsNamed(String file, String text, String message) throws Exception {
    setup.write(file, text.replace('~', '\n'));
    Map<String, String> before = setup.tree();
    assertThat(setup.run("docker --registry r.example --ca ca.pem")).isEqualTo(1);
    assertThat(setup.err).contains(message, "backend.proxy");
    assertThat(setup.tree()).isEqualTo(before);
  }

  @Test
  void dockerHasToKnowForWhichRegistry() {
    assertThat(setup.run("docker --ca ca.pem")).isEqualTo(1);
    assertThat(setup.err).contains("--ca needs --registry HOST");
  }

  @Test
  void podmanTrustsItForEachRegistry() throws Exception {
    assertThat(
            setup.run(
                "podman --ca ca.pem --registry docker.io --registry r.example:5000 --registry http://10.0.0.1"))
        .as(setup.err)
        .isZero();
    assertThat(setup.read("etc/containers/certs.d/docker.io/dragonfly.crt")).isEqualTo(pem);
    assertThat(setup.tree()).doesNotContainKey("etc/containers/certs.d/10.0.0.1/");
    assertThat(setup.read("etc/containers/certs.d/r.example:5000/dragonfly.crt")).isEqualTo(pem);
    assertThat(setup.read("etc/containers/registries.conf.d/50-dragonfly.conf"))
        .contains("127.0.0.1:4001/docker.io")
        .doesNotContain("r.example");
    assertThat(setup.out)
        .contains("HTTPS_PROXY=http://127.0.0.1:4001")
        .contains("{regex: '^https://registry-1\\.docker\\.io/v2/.*/blobs/'}");
  }

  @Test
  void pipAndGitTrustTheSystemsAsWell() throws Exception {
    assertThat(setup.run("pip --ca ca.pem")).as(setup.err).isZero();
    String bundle = "home/me/.config/pip/dragonfly-authorities.pem";
    assertThat(setup.read("home/me/.config/pip/pip.conf"))
        .isEqualTo("[global]\nproxy = http://127.0.0.1:4001\ncert = /" + bundle + "\n");
    assertThat(setup.read(bundle)).isEqualTo(SYSTEM + pem);
    assertThat(setup.out).contains("A file of certificates: /" + bundle).doesNotContain("BEGIN");

    assertThat(setup.run("git-lfs --ca ca.pem --registry lfs.example")).as(setup.err).isZero();
    assertThat(setup.read("home/me/.gitconfig"))
        .isEqualTo(
            """
            [http "https://lfs.example/"]
            \tproxy = http://127.0.0.1:4001
            \tsslCAInfo = /home/me/.config/git/dragonfly-authorities.pem
            """);
    assertThat(setup.out).contains("{regex: '^https://lfs\\.example/'}");
    Files.delete(root.resolve("etc/ssl/certs/ca-certificates.crt"));
    assertThat(setup.run("pip --system --ca ca.pem")).isEqualTo(1);
    assertThat(setup.err).contains("no file with this system's authorities", "ca-certificates");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nothing|has not one certificate
          -----BEGIN CERTIFICATE-----~AAAA~-----END CERTIFICATE-----~|has no certificate that can be read
          """)
  void whatIsNoAuthorityIsRefused(String text, String message) throws Exception {
    setup.write("ca.pem", text.replace('~', '\n'));
    Map<String, String> before = setup.tree();
    assertThat(setup.run("pip --ca ca.pem")).isEqualTo(2);
    assertThat(setup.err).contains("--ca", message, "dragonfly ca export");
    assertThat(setup.tree()).isEqualTo(before);
  }
}
