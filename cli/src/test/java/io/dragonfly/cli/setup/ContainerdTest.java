package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainerdTest {
  private static final String CONFIG = "etc/containerd/config.toml";
  private static final String CERTS = "etc/containerd/certs.d/";

  @TempDir private Path root;
  private SetupRun setup;

  @BeforeEach
  void begin() {
    setup = new SetupRun(root);
  }

  @Test
  void withoutAConfigurationItMakesOne() throws Exception {
    assertThat(setup.run("containerd --registry docker.io --registry http://10.0.0.1:5000"))
        .as(setup.err)
        .isZero();
    assertThat(setup.read(CONFIG))
        .isEqualTo(
            """
            version = 2

            [plugins."io.containerd.grpc.v1.cri".registry]
              config_path = "/etc/containerd/certs.d"
            """);
    assertThat(setup.read(CERTS + "_default/hosts.toml"))
        .isEqualTo(
            """
            [host."http://127.0.0.1:4001"]
              capabilities = ["pull", "resolve"]
            """);
    assertThat(setup.read(CERTS + "docker.io/hosts.toml"))
        .isEqualTo(
            """
            server = "https://registry-1.docker.io"

            [host."http://127.0.0.1:4001"]
              capabilities = ["pull", "resolve"]
              [host."http://127.0.0.1:4001".header]
                X-Dragonfly-Registry = "https://registry-1.docker.io"
            """);
    assertThat(setup.read(CERTS + "10.0.0.1:5000/hosts.toml"))
        .startsWith("server = \"http://10.0.0.1:5000\"\n");
    assertThat(setup.out).contains("Then run: systemctl restart containerd");
  }

  /** Each configuration with the place, marked +, where the line has to come. */
  private void adds(String marked) throws Exception {
    String before = marked.replaceAll("(?m)^\\+.*\n", "");
    setup.write(CONFIG, before);
    Map<String, String> tree = setup.tree();
    assertThat(setup.run("containerd")).as(setup.err).isZero();
    assertThat(setup.read(CONFIG)).isEqualTo(marked.replaceAll("(?m)^\\+", ""));
    Map<String, String> after = setup.tree();
    assertThat(setup.run("containerd")).isZero();
    assertThat(setup.tree()).isEqualTo(after);
    assertThat(setup.run("containerd --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(tree);
  }

  @Test
  void commentsAndOrderSurviveInVersion2() throws Exception {
    adds(
        """
        # ours, do not touch
        version = 2 # the second
        root = "/data"

        [plugins]
          [plugins."io.containerd.grpc.v1.cri"]
            sandbox_image = "pause:3.9" # pinned
            [plugins."io.containerd.grpc.v1.cri".registry] # mirrors
        +      config_path = "/etc/containerd/certs.d"
              [plugins."io.containerd.grpc.v1.cri".registry.configs."a.example".auth]
                username = "me"

        [metrics]
          address = "" # none
        """);
  }

  @Test
  void version3HasAnotherPlugin() throws Exception {
    adds(
        """
        version = 3
        [plugins.'io.containerd.cri.v1.images'.registry]
        +  config_path = "/etc/containerd/certs.d"
        """);
    adds(
        """
        version = 3
        [grpc]
          address = "/run/c.sock"
        +
        +[plugins."io.containerd.cri.v1.images".registry]
        +  config_path = "/etc/containerd/certs.d"
        """);
  }

  /** As containerd 2 prints it, with layers in several chunks at once. */
  @Test
  void chunksAtOnceStayInVersion3() throws Exception {
    adds(
        """
        version = 3
        [plugins]
          [plugins.'io.containerd.cri.v1.images']
            max_concurrent_downloads = 3
            concurrent_layer_fetch_buffer = 8388608

            [plugins.'io.containerd.cri.v1.images'.pinned_images]
              sandbox = 'registry.k8s.io/pause:3.10'

            [plugins.'io.containerd.cri.v1.images'.registry]
        +      config_path = "/etc/containerd/certs.d"

          [plugins.'io.containerd.transfer.v1.local']
            max_concurrent_downloads = 3
            concurrent_layer_fetch_buffer = 8388608
            config_path = ''
        """);
  }

  @Test
  void aTableIsAddedWhereThereIsNone() throws Exception {
    adds(
        """
        +version = 2
        # no version, and nothing that was called otherwise before version 2
        root = "/data"
        +
        +[plugins."io.containerd.grpc.v1.cri".registry]
        +  config_path = "/etc/containerd/certs.d"
        """);
  }

  @Test
  void anEmptyPathIsReplacedAndMirrorsThatAreNoneDoNotMatter() throws Exception {
    String before =
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".registry]
            config_path = ""
            [plugins."io.containerd.grpc.v1.cri".registry.mirrors]
        """;
    setup.write(CONFIG, before);
    assertThat(setup.run("containerd")).as(setup.err).isZero();
    assertThat(setup.read(CONFIG))
        .isEqualTo(before.replace("= \"\"", "= \"/etc/containerd/certs.d\""));
  }

  @Test
  void aDirectoryThatIsChosenIsUsed() throws Exception {
    String before =
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".registry]
          config_path = "/srv/registries:/etc/docker/certs.d"
        """;
    setup.write(CONFIG, before);
    assertThat(setup.run("containerd")).as(setup.err).isZero();
    assertThat(setup.read(CONFIG)).isEqualTo(before);
    assertThat(setup.read("srv/registries/_default/hosts.toml")).contains(":4001");
    assertThat(setup.run("containerd --undo")).isZero();
    assertThat(setup.tree()).containsOnlyKeys("/", "etc/", "etc/containerd/", CONFIG);
  }

  @Test
  void theDaemonIsAskedBeforeAMirrorOfTheOwner() throws Exception {
    String own =
        """
        # the company's
        server = "https://quay.example"

        [host."https://mirror.example"]
          capabilities = ["pull"]
          # it has its own authority
          ca = "/etc/ca.pem"
        """;
    setup.write(CERTS + "quay.io/hosts.toml", own);
    assertThat(setup.run("containerd")).isZero();
    assertThat(setup.out).contains("Images of quay.io do not come", "Add --registry quay.io");
    assertThat(setup.run("containerd --registry quay.io --dry-run")).isZero();
    assertThat(setup.out).doesNotContain("do not come");
    assertThat(setup.run("containerd --registry quay.io")).as(setup.err).isZero();
    assertThat(setup.out).as("a hosts.toml needs no restart").doesNotContain("Then run");
    assertThat(setup.read(CERTS + "quay.io/hosts.toml"))
        .isEqualTo(
            """
            # the company's
            server = "https://quay.example"

            [host."http://127.0.0.1:4001"]
              capabilities = ["pull", "resolve"]
              [host."http://127.0.0.1:4001".header]
                X-Dragonfly-Registry = "https://quay.example"

            [host."https://mirror.example"]
              capabilities = ["pull"]
              # it has its own authority
              ca = "/etc/ca.pem"
            """);
    assertThat(setup.run("containerd --undo")).isZero();
    assertThat(setup.tree())
        .containsEntry(CERTS + "quay.io/hosts.toml", own)
        .doesNotContainKey(CERTS + "_default/");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          version = 2~[plugins.x|line 2: not valid TOML
          version = 4|line 1: version is 4
          version = 1|line 1: this is a configuration of version 1
          [plugins.cri.registry]|line 1: this is a configuration of version 1
          disabled_plugins = ["cri"]|line 1: the plugin that pulls images for Kubernetes is disabled
          version = 2~[plugins]~"io.containerd.grpc.v1.cri" = {registry = {}}|can't be edited line by line. Add this by hand
          version = 2~[plugins."io.containerd.grpc.v1.cri"]~registry.x = 1|can't be edited line by line
          version = 2~[plugins."io.containerd.grpc.v1.cri".registry]~config_path = "a"|line 3: config_path begins with 'a'
          version = 2~[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]~endpoint = ["https://m"]|line 2: registry.mirrors and config_path exclude each other
          version = 2~[plugins."io.containerd.grpc.v1.cri".registry.configs."a".tls]~insecure_skip_verify = true|line 2: registry.configs with tls
          """)
  void whatCannotBeEditedSafelyIsNamedAndLeft(String text, String message) throws Exception {
    setup.write(CONFIG, text.replace('~', '\n') + "\n");
    Map<String, String> before = setup.tree();
    assertThat(setup.run("containerd")).isEqualTo(1);
    assertThat(setup.err).startsWith("setup: /etc/containerd/config.toml, line ").contains(message);
    assertThat(setup.tree()).isEqualTo(before);
  }

  @Test
  void linesOfATextAreNoTables() throws Exception {
    String before =
        """
        version = 2
        note = '''
        [plugins."io.containerd.grpc.v1.cri".registry]
        '''
        """;
    setup.write(CONFIG, before);
    assertThat(setup.run("containerd")).isEqualTo(1);
    assertThat(setup.err).contains("can't be edited line by line. Add this by hand:");
    assertThat(setup.read(CONFIG)).isEqualTo(before);
  }
}
