package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Podman, CRI-O and Apptainer, which read the same files. */
class RegistriesConfTest {
  private static final String MAIN = "etc/containers/registries.conf";
  private static final String OWN = "etc/containers/registries.conf.d/50-dragonfly.conf";

  @TempDir private Path root;
  private SetupRun setup;

  @BeforeEach
  void begin() {
    setup = new SetupRun(root);
  }

  @Test
  void registriesThatNobodyNamesGetAFileOfTheirOwn() throws Exception {
    String main = "unqualified-search-registries = [\"docker.io\"] # ours\n";
    setup.write(MAIN, main);
    assertThat(setup.run("podman --registry ghcr.io --registry http://10.0.0.1"))
        .as(setup.err)
        .isZero();
    assertThat(setup.read(OWN))
        .isEqualTo(
            """
            [[registry]]
            prefix = "ghcr.io"
            location = "ghcr.io"

            [[registry.mirror]]
            location = "127.0.0.1:4001/ghcr.io"
            insecure = true

            [[registry]]
            prefix = "10.0.0.1"
            location = "10.0.0.1"
            insecure = true

            [[registry.mirror]]
            location = "127.0.0.1:4001/10.0.0.1"
            insecure = true
            """);
    assertThat(setup.read(MAIN)).isEqualTo(main);
    assertThat(setup.out).contains("next pull").doesNotContain("Then run");
  }

  @Test
  void theUsualRegistriesAreThereWhenNoneIsNamed() throws Exception {
    assertThat(setup.run("crio")).as(setup.err).isZero();
    assertThat(setup.read(OWN))
        .contains("/docker.io\"", "/gcr.io\"", "/ghcr.io\"", "/quay.io\"", "/registry.k8s.io\"");
    assertThat(setup.out).contains("Then run: systemctl reload crio");
  }

  @ParameterizedTest
  @CsvSource({
    "crio --registry r.example:5000, Pass --ca FILE",
    "podman --registry http://r.example:5000, Let it listen on port 80"
  })
  void aMirrorsPathHasNoPort(String line, String remedy) throws Exception {
    assertThat(setup.run(line)).isEqualTo(1);
    assertThat(setup.err).contains("r.example:5000 can't have a mirror here", remedy);
    assertThat(setup.tree()).containsOnlyKeys("/");
  }

  @Test
  void crioAndApptainerReadTheSame() throws Exception {
    assertThat(setup.run("podman --registry ghcr.io")).as(setup.err).isZero();
    String podman = setup.read(OWN);
    for (String other : new String[] {"crio", "apptainer"}) {
      assertThat(setup.run("podman --undo")).isZero();
      assertThat(setup.run(other + " --registry ghcr.io")).as(setup.err).isZero();
      assertThat(setup.read(OWN)).isEqualTo(podman);
    }
    assertThat(setup.out)
        .contains("apptainer pull --no-https oras://127.0.0.1:4001/ghcr.io/NAME")
        .doesNotContain("Then run");
    assertThat(setup.run("apptainer --proxy http://10.0.0.1:5001")).isZero();
    assertThat(setup.out).contains("oras://10.0.0.1:5001/ghcr.io/NAME");
  }

  @Test
  void theDaemonIsAskedBeforeAMirrorOfTheOwner() throws Exception {
    String before =
        """
        # the company's registries
        [[registry]]
        prefix = "quay.io/team"
        location = "a.example"

        [[registry]]
        location = "quay.io" # no prefix: the same

        # nearer than quay
        [[registry.mirror]]
        location = "mirror.example/quay" # ours

        [[registry]]
        prefix = "ghcr.io"
        location = "ghcr.example"
        """;
    setup.write(MAIN, before);
    Map<String, String> tree = setup.tree();
    assertThat(setup.run("podman --registry quay.io --registry ghcr.io")).as(setup.err).isZero();
    assertThat(setup.read(MAIN))
        .isEqualTo(
            """
            # the company's registries
            [[registry]]
            prefix = "quay.io/team"
            location = "a.example"

            [[registry]]
            location = "quay.io" # no prefix: the same

            [[registry.mirror]]
            location = "127.0.0.1:4001/quay.io"
            insecure = true

            # nearer than quay
            [[registry.mirror]]
            location = "mirror.example/quay" # ours

            [[registry]]
            prefix = "ghcr.io"
            location = "ghcr.example"

            [[registry.mirror]]
            location = "127.0.0.1:4001/ghcr.io"
            insecure = true
            """);
    Map<String, String> after = setup.tree();
    assertThat(setup.run("podman --registry quay.io --registry ghcr.io")).isZero();
    assertThat(setup.tree()).isEqualTo(after);
    assertThat(setup.run("podman --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(tree);
  }

  @Test
  void theLastFileThatNamesARegistryCounts() throws Exception {
    String entry = "[[registry]]\nprefix = \"quay.io\"\nlocation = \"quay.io\"\n";
    setup.write(MAIN, entry);
    setup.write("etc/containers/registries.conf.d/90-own.conf", entry);
    assertThat(setup.run("podman --registry quay.io")).as(setup.err).isZero();
    assertThat(setup.read(MAIN)).isEqualTo(entry);
    assertThat(setup.read("etc/containers/registries.conf.d/90-own.conf"))
        .isEqualTo(
            entry
                + "\n[[registry.mirror]]\nlocation = \"127.0.0.1:4001/quay.io\"\n"
                + "insecure = true\n");
    assertThat(setup.tree()).doesNotContainKey(OWN);
  }

  @Test
  void aUserHasFilesOfItsOwn() throws Exception {
    String main = "unqualified-search-registries = [\"docker.io\"]\n";
    setup.write(MAIN, main);
    Map<String, String> tree = setup.tree();
    assertThat(setup.run("podman --user --registry ghcr.io")).as(setup.err).isZero();
    assertThat(setup.read("home/me/.config/containers/registries.conf.d/50-dragonfly.conf"))
        .contains("location = \"127.0.0.1:4001/ghcr.io\"");
    assertThat(setup.read(MAIN)).isEqualTo(main);
    assertThat(setup.tree()).doesNotContainKey(OWN);
    assertThat(setup.run("podman --undo")).isZero();
    assertThat(setup.out).contains("nothing to undo");
    assertThat(setup.run("podman --user --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(tree);
  }

  @Test
  void aUsersEntryReplacesNoneOfAllUsers() throws Exception {
    String entry = "[[registry]]\nprefix = \"quay.io\"\nlocation = \"quay.io\"\n";
    setup.write(MAIN, entry);
    assertThat(setup.run("podman --user --registry quay.io")).isEqualTo(1);
    assertThat(setup.err).contains(MAIN + " has an entry for quay.io", "Run this as root");
    assertThat(setup.run("podman --user --registry ghcr.io")).as(setup.err).isZero();
    // A registries.conf of the user's is read instead.
    String own = "home/me/.config/containers/registries.conf";
    setup.write(own, entry);
    assertThat(setup.run("podman --user --registry quay.io")).as(setup.err).isZero();
    assertThat(setup.read(own)).contains("location = \"127.0.0.1:4001/quay.io\"");
    assertThat(setup.read(MAIN)).isEqualTo(entry);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [[registry|line 1: not valid TOML
          [registries.search]~registries = ['docker.io']|line 1: [registries.search] is the format of old
          [[registry]]~prefix = "docker.io"~blocked = true|line 1: docker.io is blocked here
          registry = [{prefix = "docker.io"}]|can't be edited line by line. Add this by hand
          [[registry]]~prefix = "docker.io"~mirror = [{location = "a"}]|can't be edited line by line
          """)
  void whatCannotBeEditedSafelyIsNamedAndLeft(String text, String message) throws Exception {
    setup.write(MAIN, text.replace('~', '\n') + "\n");
    Map<String, String> before = setup.tree();
    assertThat(setup.run("podman")).isEqualTo(1);
    assertThat(setup.err).startsWith("setup: /etc/containers/registries.conf").contains(message);
    assertThat(setup.tree()).isEqualTo(before);
  }
}
