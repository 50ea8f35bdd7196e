package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.dragonfly.common.net.HostPort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for all clients. */
class SetupTest {
  private static final String DAEMON = "etc/docker/daemon.json";
  private static final String PIP = "home/me/.config/pip/pip.conf";

  @TempDir private Path root;
  private SetupRun setup;

  @BeforeEach
  void begin() {
    setup = new SetupRun(root);
  }

  @ParameterizedTest
  @ValueSource(strings = {"containerd", "docker", "podman", "crio", "apptainer", "pip", "git-lfs"})
  void doneTwiceChangesNothingAndUndoneLeavesNothing(String client) throws Exception {
    Map<String, String> before = setup.tree();
    assertThat(setup.run(client + " --dry-run")).as(setup.err).isZero();
    assertThat(setup.out).contains("--- /dev/null", "127.0.0.1:4001");
    assertThat(setup.tree()).as("a dry run").isEqualTo(before);

    assertThat(setup.run(client)).as(setup.err).isZero();
    Map<String, String> after = setup.tree();
    assertThat(after).isNotEqualTo(before);
    assertThat(setup.run(client)).isZero();
    assertThat(setup.out).contains("nothing to change");
    assertThat(setup.tree()).isEqualTo(after);

    assertThat(setup.run(client + " --undo --dry-run")).isZero();
    assertThat(setup.tree()).isEqualTo(after);
    assertThat(setup.run(client + " --undo")).as(setup.err).isZero();
    assertThat(setup.tree()).isEqualTo(before);
    assertThat(setup.run(client + " --undo")).isZero();
    assertThat(setup.out).contains("nothing to undo");
  }

  @Test
  void theDifferenceIsShownAndPasswordsAreNot() {
    setup.write(
        PIP,
        """
        [global]
        # ours
        index-url = https://me:secret@index.example/simple
        """);
    assertThat(setup.run("pip --dry-run")).isZero();
    assertThat(setup.out)
        .startsWith(
            """
            --- /home/me/.config/pip/pip.conf
            +++ /home/me/.config/pip/pip.conf
            @@ -1,3 +1,4 @@
             [global]
            +proxy = http://127.0.0.1:4001
             # ours
             index-url = https://***@index.example/simple
            """);
  }

  @Test
  void anotherWishReplacesTheOneBefore() throws Exception {
    setup.write(DAEMON, "{\n  \"debug\": true\n}\n");
    setup.run("docker");
    assertThat(setup.run("docker --proxy http://127.0.0.1:5001")).isZero();
    assertThat(setup.read(DAEMON))
        .isEqualTo(
            "{\n  \"registry-mirrors\": [\"http://127.0.0.1:5001\"],\n  \"debug\": true\n}\n");
    assertThat(setup.read(DAEMON + ".dragonfly-before")).isEqualTo("{\n  \"debug\": true\n}\n");
    setup.run("docker --undo");
    assertThat(setup.read(DAEMON)).isEqualTo("{\n  \"debug\": true\n}\n");
  }

  @Test
  void soItIsWhereTheOneBeforeIsInItsWay() throws Exception {
    setup.write(PIP, "[global]\ntimeout = 60\n");
    setup.run("pip");
    assertThat(setup.run("pip --proxy http://127.0.0.1:5001")).as(setup.err).isZero();
    assertThat(setup.read(PIP))
        .isEqualTo("[global]\nproxy = http://127.0.0.1:5001\ntimeout = 60\n");
    assertThat(setup.run("pip --undo")).isZero();
    assertThat(setup.read(PIP)).isEqualTo("[global]\ntimeout = 60\n");
  }

  @Test
  void whatItsOwnerChangedMeanwhileSurvivesAnUndo() throws Exception {
    setup.write(DAEMON, "{\n  \"debug\": true\n}\n");
    setup.run("docker");
    setup.write(
        DAEMON,
        setup.read(DAEMON).replace("\"debug\": true", "\"debug\": false,\n  \"ipv6\": true"));
    assertThat(setup.run("docker --undo")).as(setup.err).isZero();
    assertThat(setup.read(DAEMON)).isEqualTo("{\n  \"debug\": false,\n  \"ipv6\": true\n}\n");
    assertThat(setup.tree()).containsOnlyKeys("/", "etc/", "etc/docker/", DAEMON);
  }

  @Test
  void whatItsOwnerChangedInOurLinesIsNotTouched() throws Exception {
    setup.write(DAEMON, "{\n  \"debug\": true\n}\n");
    setup.run("docker");
    String changed = setup.read(DAEMON).replace(":4001\"", ":4001\", \"https://mirror.example\"");
    setup.write(DAEMON, changed);
    assertThat(setup.run("docker --undo")).isEqualTo(1);
    assertThat(setup.err)
        .contains("/etc/docker/daemon.json, line 2", "by hand", "daemon.json.dragonfly-before");
    assertThat(setup.read(DAEMON)).isEqualTo(changed);
  }

  @Test
  void modeAndOwnerStay() throws Exception {
    setup.write(DAEMON, "{}");
    Path file = root.resolve(DAEMON);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    boolean root = Files.getAttribute(file, "unix:uid").equals(0);
    if (root) {
      Files.setAttribute(file, "unix:uid", 1234);
      Files.setAttribute(file, "unix:gid", 2345);
    }
    Object owner = Files.getAttribute(file, "unix:uid");
    setup.run("docker");
    for (String suffix : new String[] {"", ".dragonfly-before", ".dragonfly-after"}) {
      Path one = this.root.resolve(DAEMON + suffix);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one)))
          .isEqualTo("rw-r-----");
      assertThat(Files.getAttribute(one, "unix:uid")).isEqualTo(owner);
      assertThat(Files.getAttribute(one, "unix:gid"))
          .isEqualTo(Files.getAttribute(file, "unix:gid"));
    }
  }

  @Test
  void aLinkIsFollowedWithinItsDirectoryOnly() throws Exception {
    setup.write("etc/docker/real.json", "{}");
    Files.createSymbolicLink(root.resolve(DAEMON), Path.of("real.json"));
    assertThat(setup.run("docker")).as(setup.err).isZero();
    assertThat(root.resolve(DAEMON)).isSymbolicLink();
    assertThat(setup.read("etc/docker/real.json")).contains(":4001");
    assertThat(setup.run("docker --undo")).isZero();
    assertThat(root.resolve(DAEMON)).isSymbolicLink();
    assertThat(setup.read("etc/docker/real.json")).isEqualTo("{}");

    setup.write("elsewhere/daemon.json", "{}");
    Files.delete(root.resolve(DAEMON));
    Files.createSymbolicLink(root.resolve(DAEMON), Path.of("../../elsewhere/daemon.json"));
    assertThat(setup.run("docker")).isEqualTo(1);
    assertThat(setup.err).contains("symbolic link", "elsewhere/daemon.json", "by hand");
    assertThat(setup.read("elsewhere/daemon.json")).isEqualTo("{}");
  }

  @Test
  void aDirectoryThatLeadsOutOfTheRootIsNotEntered(@TempDir Path outside) throws Exception {
    Files.createDirectories(root.resolve("etc"));
    Files.createSymbolicLink(root.resolve("etc/docker"), outside);
    assertThat(setup.run("docker")).isEqualTo(1);
    assertThat(setup.err).contains("outside of " + root);
    assertThat(outside).isEmptyDirectory();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "minikube|'minikube' can't be set up. Known are containerd, docker, podman",
        "docker --proxy ftp://x:1|invalid value 'ftp://x:1' for --proxy",
        "docker --proxy http://user:secret@x:1|expected http://HOST:PORT",
        "docker --proxy http://x|expected http://HOST:PORT",
        "podman --registry ../../etc|invalid value '../../etc' for --registry",
        "pip --index-url index|invalid value 'index' for --index-url",
        "docker --restart|--restart excludes",
        "docker --index-url http://index.example/|--index-url means nothing for docker",
        "pip --registry ghcr.io|--registry means nothing for pip",
        "containerd --ca ca.pem|--ca means nothing for containerd",
        "docker --user|--user means nothing here",
        "podman --user --system|--user excludes --system",
        "docker --registry ghcr.io --ca ca.pem|there is no ",
      })
  void aWrongLineIsExplained(String line, String message) throws Exception {
    Map<String, String> before = setup.tree();
    assertThat(setup.run(line)).isEqualTo(2);
    assertThat(setup.err).contains(message, "dragonfly setup --help");
    assertThat(setup.tree()).isEqualTo(before);
  }

  @Test
  void aFailureMidwayLeavesNothing() throws Exception {
    setup.write("etc/containerd/config.toml", "version = 2\n");
    setup.write("etc/containerd/certs.d", "no directory");
    Map<String, String> before = setup.tree();
    assertThat(setup.run("containerd")).isEqualTo(1);
    assertThat(setup.err).contains("/etc/containerd/certs.d", "Nothing was changed.");
    assertThat(setup.out).doesNotContain("Wrote");
    assertThat(setup.tree()).isEqualTo(before);
  }

  @Test
  void nothingIsMadeOutsideOfTheRoot(@TempDir Path outside) throws Exception {
    Files.createSymbolicLink(root.resolve("etc"), outside);
    assertThat(setup.run("docker")).isEqualTo(1);
    assertThat(setup.err).contains("outside of " + root);
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void anUndoThatBrokeOffHarmsNothing() throws Exception {
    setup.write(DAEMON, "{}");
    setup.run("docker");
    // It ends in this order: the file, what it became, what it was.
    setup.write(DAEMON, "{}");
    Files.delete(root.resolve(DAEMON + ".dragonfly-after"));
    assertThat(setup.run("docker --undo")).isZero();
    assertThat(setup.read(DAEMON)).isEqualTo("{}");
    setup.write(DAEMON, "{\"debug\": true}");
    assertThat(setup.run("docker")).isZero();
    assertThat(setup.run("docker --undo")).isZero();
    assertThat(setup.tree()).containsOnlyKeys("/", "etc/", "etc/docker/", DAEMON);
    assertThat(setup.read(DAEMON)).isEqualTo("{\"debug\": true}");
  }

  @Test
  void aSetupThatBrokeOffBeforeTheFileIsUndone() throws Exception {
    setup.write(DAEMON, "{}");
    setup.run("docker");
    setup.write(DAEMON, "{}");
    assertThat(setup.run("docker --undo")).as(setup.err).isZero();
    assertThat(setup.read(DAEMON)).isEqualTo("{}");
    assertThat(setup.tree()).containsOnlyKeys("/", "etc/", "etc/docker/", DAEMON);
  }

  @Test
  void aLinkToNothingIsNamed() throws Exception {
    Files.createDirectories(root.resolve("etc/docker"));
    Files.createSymbolicLink(root.resolve(DAEMON), Path.of("gone.json"));
    assertThat(setup.run("docker")).isEqualTo(1);
    assertThat(setup.err).contains("daemon.json is a symbolic link to nothing");
  }

  @Test
  void onlyAUsersOwnFilesNeedAHome() {
    assertThat(setup.runRaw("docker --root " + root, Map.of())).as(setup.err).isZero();
    assertThat(setup.runRaw("pip --root " + root, Map.of())).isEqualTo(2);
    assertThat(setup.err).contains("HOME", "--system");
  }

  @Test
  void newFilesBelongToWhomTheDirectoryBelongs() throws Exception {
    Path home = Files.createDirectories(root.resolve("home/me"));
    assumeThat(ManagedFile.isRoot()).isTrue();
    Files.setAttribute(home, "unix:uid", 1234);
    assertThat(setup.run("pip")).as(setup.err).isZero();
    for (String made : new String[] {"home/me/.config", PIP, PIP + ".dragonfly-after"}) {
      assertThat(Files.getAttribute(root.resolve(made), "unix:uid")).as(made).isEqualTo(1234);
    }
  }

  @Test
  void whatIsSecretByItsNameIsNotShown() {
    setup.write(
        "home/me/.gitconfig",
        "[credential]\n\thelper = store\n[http]\n\textraHeader = Authorization: bearer abc\n");
    assertThat(setup.run("git-lfs --dry-run")).as(setup.err).isZero();
    assertThat(setup.out).contains("\textraHeader = ***", "helper = store").doesNotContain("abc");
  }

  @Test
  void anotherPortIsNotThisOne() {
    setup.run("pip --proxy http://127.0.0.1:40011");
    assertThat(Setup.survey(root, Map.of("HOME", "/home/me"), HostPort.parse("127.0.0.1:4001")))
        .filteredOn(state -> state.name().equals("pip"))
        .extracting(ClientState::state)
        .containsExactly(ClientState.State.ELSEWHERE);
  }

  @Test
  void whereItMayNotWriteItSaysWhatHelps() {
    Path forbidden = Path.of("/sys/kernel");
    assumeThat(forbidden).isDirectory();
    SetupRun there = new SetupRun(forbidden);
    assertThat(there.run("docker")).isEqualTo(1);
    assertThat(there.err)
        .startsWith("setup: cannot write /etc/docker/daemon.json: ")
        .contains("root", "--root DIR");
  }

  @Test
  void whatIsNoTextIsRefused() throws Exception {
    Path file = root.resolve(DAEMON);
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[] {'{', (byte) 0xff, '}'});
    assertThat(setup.run("docker")).isEqualTo(1);
    assertThat(setup.err).contains("/etc/docker/daemon.json is not UTF-8");
  }
}
