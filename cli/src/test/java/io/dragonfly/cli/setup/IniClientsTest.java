package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** pip and git-lfs. */
class IniClientsTest {
  private static final String PIP = "home/me/.config/pip/pip.conf";
  private static final String GIT = "home/me/.gitconfig";

  @TempDir private Path root;
  private SetupRun setup;

  @BeforeEach
  void begin() {
    setup = new SetupRun(root);
  }

  private void becomes(String command, String file, String before, String after) throws Exception {
    setup.write(file, before);
    Map<String, String> tree = setup.tree();
    assertThat(setup.run(command)).as(setup.err).isZero();
    assertThat(setup.read(file)).isEqualTo(after);
    assertThat(setup.run(command)).isZero();
    assertThat(setup.out).contains("nothing to change");
    assertThat(setup.run(command + " --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(tree);
  }

  @Test
  void pipGetsAProxyAndAnIndex() throws Exception {
    assertThat(setup.run("pip --index-url http://index.example:8080/simple/")).isZero();
    assertThat(setup.read(PIP))
        .isEqualTo(
            """
            [global]
            proxy = http://127.0.0.1:4001
            index-url = http://index.example:8080/simple/
            trusted-host = index.example:8080
            """);
    assertThat(setup.run("pip --index-url http://me:secret@index.example/simple/")).isZero();
    assertThat(setup.read(PIP)).contains("\ntrusted-host = index.example\n");
    assertThat(setup.out).doesNotContain("secret");
    assertThat(setup.run("pip --system")).isZero();
    assertThat(setup.read("etc/pip.conf")).isEqualTo("[global]\nproxy = http://127.0.0.1:4001\n");
  }

  @Test
  void whatIsInPipsFileStays() throws Exception {
    becomes(
        "pip",
        PIP,
        """
        # ours
        [install]
        no-deps = yes
        [global]
        ; the index
        index_url = https://a.example/simple
            --more
        """,
        """
        # ours
        [install]
        no-deps = yes
        [global]
        proxy = http://127.0.0.1:4001
        ; the index
        index_url = https://a.example/simple
            --more
        """);
    becomes(
        "pip",
        PIP,
        "[install]\nproxy = http://only.example:1",
        "[install]\nproxy = http://only.example:1\n\n[global]\nproxy = http://127.0.0.1:4001\n");
  }

  @Test
  void pipsFileOfOldIsTakenWhereItIs() throws Exception {
    setup.write("home/me/.pip/pip.conf", "[global]\ntimeout = 60\n");
    assertThat(setup.run("pip")).isZero();
    assertThat(setup.read("home/me/.pip/pip.conf"))
        .isEqualTo("[global]\nproxy = http://127.0.0.1:4001\ntimeout = 60\n");
    assertThat(setup.tree()).doesNotContainKey(PIP);
  }

  @Test
  void gitAsksTheDaemonForTheNamedHostsOnly() throws Exception {
    becomes(
        "git-lfs --registry lfs.example",
        GIT,
        """
        [user]
        \tname = Me # "really"
        [alias] lg = log \\
           --graph
        [http "https://a.example/"]
        \tproxy = http://other.example:3128
        """,
        """
        [user]
        \tname = Me # "really"
        [alias] lg = log \\
           --graph
        [http "https://a.example/"]
        \tproxy = http://other.example:3128
        [lfs "transfer"]
        \tenablehrefrewrite = true
        [url "http://lfs.example/"]
        \tinsteadOf = https://lfs.example/
        [http "http://lfs.example/"]
        \tproxy = http://127.0.0.1:4001
        """);
    assertThat(setup.run("git-lfs --dry-run")).isZero();
    assertThat(setup.out)
        .contains("insteadOf = https://github-cloud.githubusercontent.com/")
        .contains("{regex: '^http://github-cloud\\.githubusercontent\\.com/', useTLS: true}");
  }

  @Test
  void whatGitHasAlreadyIsNotAddedAgain() throws Exception {
    becomes(
        "git-lfs --registry lfs.example",
        GIT,
        "[LFS \"transfer\"]\n\tEnableHrefRewrite",
        """
        [LFS "transfer"]
        \tEnableHrefRewrite
        [url "http://lfs.example/"]
        \tinsteadOf = https://lfs.example/
        [http "http://lfs.example/"]
        \tproxy = http://127.0.0.1:4001
        """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          pip|[global]~proxy = http://other:1|line 2: pip has another proxy. Remove the line, and let the daemon use that one: backend.proxy
          pip|proxy = x|line 1: expected a [section]
          pip|[global]~what|line 2: expected a [section]
          pip|[global]~[global]|line 2: [global] is there twice
          git-lfs|[lfs "transfer"]~enablehrefrewrite = false|line 2: lfs.transfer.enablehrefrewrite is false
          git-lfs|[http "http://github-cloud.githubusercontent.com/"]~proxy = "http://x:1" # mine|line 2: http.http://github-cloud.githubusercontent.com/.proxy is http://x:1
          git-lfs|[url "https://m/"]~insteadOf = https://github-cloud.githubusercontent.com/|line 2: https://github-cloud.githubusercontent.com/ is rewritten
          git-lfs|[core|line 1: the section has no ']'
          git-lfs|[core]~a = b\\|line 2: the file ends within a value
          git-lfs|name = x|line 1: expected a [section]
          """)
  void whatCannotBeEditedSafelyIsNamedAndLeft(String client, String text, String message)
      throws Exception {
    String file = client.equals("pip") ? PIP : GIT;
    setup.write(file, text.replace('~', '\n').replace("\\\\", "\\"));
    Map<String, String> before = setup.tree();
    assertThat(setup.run(client)).isEqualTo(1);
    assertThat(setup.err).startsWith("setup: /" + file + ", ").contains(message);
    assertThat(setup.tree()).isEqualTo(before);
  }
}
