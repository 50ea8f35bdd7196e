package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DockerTest {
  private static final String CONFIG = "etc/docker/daemon.json";

  @TempDir private Path root;
  private SetupRun setup;

  @BeforeEach
  void begin() {
    setup = new SetupRun(root);
  }

  private void becomes(String before, String after) throws Exception {
    setup.write(CONFIG, before);
    Map<String, String> tree = setup.tree();
    assertThat(setup.run("docker")).as(setup.err).isZero();
    assertThat(setup.read(CONFIG)).isEqualTo(after);
    assertThat(setup.run("docker")).isZero();
    assertThat(setup.out).contains("nothing to change");
    assertThat(setup.run("docker --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(tree);
  }

  @Test
  void withoutAConfigurationItMakesOne() throws Exception {
    assertThat(setup.run("docker")).as(setup.err).isZero();
    assertThat(setup.read(CONFIG))
        .isEqualTo(
            """
            {
              "registry-mirrors": ["http://127.0.0.1:4001"]
            }
            """);
    assertThat(setup.out)
        .contains("Then run: systemctl reload docker", "127.0.0.1:4001/ghcr.io/NAME");
  }

  @Test
  void otherKeysKeepTheirPlaceAndForm() throws Exception {
    becomes(
        """
        {
            "log-driver": "json-file",
            "log-opts": {"max-size":"10m" , "registry-mirrors": "no list, and not ours"}
        }
        """,
        """
        {
            "registry-mirrors": ["http://127.0.0.1:4001"],
            "log-driver": "json-file",
            "log-opts": {"max-size":"10m" , "registry-mirrors": "no list, and not ours"}
        }
        """);
    becomes(
        "{\"debug\":true}", "{\"registry-mirrors\": [\"http://127.0.0.1:4001\"], \"debug\":true}");
    becomes("{}", "{\n  \"registry-mirrors\": [\"http://127.0.0.1:4001\"]\n}");
  }

  @Test
  void theDaemonIsAskedBeforeAMirrorOfTheOwner() throws Exception {
    becomes(
        """
        {
          "registry-mirrors": [
            "https://mirror.example"
          ],
          "debug": true
        }
        """,
        """
        {
          "registry-mirrors": [
            "http://127.0.0.1:4001",
            "https://mirror.example"
          ],
          "debug": true
        }
        """);
    becomes(
        "{\"registry-mirrors\": [\"https://mirror.example\"]}\n",
        "{\"registry-mirrors\": [\"http://127.0.0.1:4001\", \"https://mirror.example\"]}\n");
    becomes(
        "{\"registry-mirrors\": [ ]}\n", "{\"registry-mirrors\": [\"http://127.0.0.1:4001\"]}\n");
  }

  @Test
  void whatIsThereAlreadyStays() throws Exception {
    String before = "{\"registry-mirrors\": [\"https://a.example\", \"http://127.0.0.1:4001/\"]}";
    setup.write(CONFIG, before);
    assertThat(setup.run("docker")).isZero();
    assertThat(setup.out).contains("nothing to change");
    assertThat(setup.tree()).containsEntry(CONFIG, before).hasSize(4);
  }

  @Test
  void aProxyOfAnotherHostIsAllowedToSpeakHttp() throws Exception {
    assertThat(setup.run("docker --proxy http://10.0.0.7:4001")).as(setup.err).isZero();
    assertThat(setup.read(CONFIG))
        .contains("\"registry-mirrors\": [\"http://10.0.0.7:4001\"]")
        .contains("\"insecure-registries\": [\"10.0.0.7:4001\"]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {~"debug": true,~}|line 3: not valid JSON
          {~// mine~"debug": true}|line 2: not valid JSON
          {"debug": true, "debug": false}|line 1: not valid JSON
          ["a"]|line 1: expected an object
          {"registry-mirrors": "https://a"}|"registry-mirrors" is no list
          """)
  void whatIsBrokenIsNamedAndLeft(String text, String message) throws Exception {
    setup.write(CONFIG, text.replace('~', '\n'));
    Map<String, String> before = setup.tree();
    assertThat(setup.run("docker")).isEqualTo(1);
    assertThat(setup.err).startsWith("setup: /etc/docker/daemon.json").contains(message);
    assertThat(setup.tree()).isEqualTo(before);
  }
}
