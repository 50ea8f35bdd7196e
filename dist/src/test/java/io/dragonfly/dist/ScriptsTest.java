package io.dragonfly.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launch scripts, with JDKs that are scripts which print what they were started with. */
class ScriptsTest {
  private static final Path SCRIPTS = Path.of("src/main/scripts").toAbsolutePath();

  @TempDir private Path directory;
  private Path home;

  private record Run(int code, String out, String err) {}

  /** A distribution without content, and an environment in which nothing but it can be found. */
  @BeforeEach
  void layOut() throws IOException {
    home = directory.resolve("dragonfly");
    Files.createDirectories(home.resolve("bin"));
    Files.createDirectories(home.resolve("lib"));
    for (String program : List.of("dragonfly", "dfget", "dfdaemon", "scheduler")) {
      Files.copy(SCRIPTS.resolve(program), home.resolve("bin/" + program));
    }
    for (String file : List.of("launch", "jvm-flags", "find-jdk", "make-aot-cache")) {
      Files.copy(SCRIPTS.resolve(file), home.resolve("lib/" + file));
    }
    Files.writeString(home.resolve("lib/dragonfly-dist-1.jar"), "");
    Files.writeString(home.resolve("lib/build-id"), "b1\n");
  }

  private Path jdk(String name, String version) throws IOException {
    Path jdk = directory.resolve(name);
    Files.createDirectories(jdk.resolve("bin"));
    for (String program : List.of("java", "javac")) {
      Path file = jdk.resolve("bin").resolve(program);
      Files.writeString(file, "#!/bin/sh\necho \"" + name + "\"\nprintf '%s\\n' \"$@\"\n");
      assertThat(file.toFile().setExecutable(true)).isTrue();
    }
    Files.writeString(
        jdk.resolve("release"),
        "IMPLEMENTOR=\"Some One\"\nJAVA_RUNTIME_VERSION=\""
            + version
            + "+9\"\nJAVA_VERSION=\""
            + version
            + "\"\n");
    return jdk;
  }

  private Run run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    Path err = directory.resolve("err");
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    builder.environment().put("HOME", directory.resolve("user").toString());
    builder.environment().put("DRAGONFLY_AOT", "off");
    builder.environment().putAll(environment);
    Process process = builder.redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), out, Files.readString(err));
  }

  private String program(String name) {
    return home.resolve("bin/" + name).toString();
  }

  @Test
  void javaHomeThatIsNewEnoughIsUsed() throws Exception {
    Run run = run(Map.of("JAVA_HOME", jdk("jdk25", "25.0.1").toString()), program("dfget"), "a b");
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines()).startsWith("jdk25").endsWith("dfget", "a b");
  }

  @Test
  void ownVariableGoesBeforeJavaHome() throws Exception {
    Map<String, String> environment =
        Map.of(
            "JAVA_HOME",
            jdk("one", "25").toString(),
            "DRAGONFLY_JAVA_HOME",
            jdk("two", "26.0.1").toString());
    assertThat(run(environment, program("scheduler")).out().lines()).startsWith("two");
  }

  @Test
  void oldJavaHomeIsPassedOverAndTheRememberedOneTaken() throws Exception {
    Path good = jdk("good", "25.0.2");
    Path caches = directory.resolve("user/.cache/dragonfly");
    Files.createDirectories(caches);
    Files.writeString(caches.resolve("jdk"), good + "\n");
    Run run = run(Map.of("JAVA_HOME", jdk("old", "17.0.9").toString()), program("dfdaemon"));
    assertThat(run.out().lines()).startsWith("good").endsWith("dfdaemon");
  }

  @Test
  void jdkOnThePathIsFoundAndRemembered() throws Exception {
    Path jdk = jdk("pathjdk", "25.0.3");
    String path = jdk.resolve("bin") + ":" + System.getenv("PATH");
    Run run = run(Map.of("PATH", path), program("dragonfly"), "version");
    assertThat(run.out().lines()).startsWith("pathjdk").endsWith("version");
    assertThat(directory.resolve("user/.cache/dragonfly/jdk"))
        .content()
        .isEqualTo(jdk.toRealPath() + "\n");
  }

  @Test
  void findJdkNeedsACompilerUnlessAskedForARuntime() throws Exception {
    Path jre = jdk("jre", "25");
    Files.delete(jre.resolve("bin/javac"));
    String script = SCRIPTS.resolve("find-jdk").toString();
    Map<String, String> environment = Map.of("JAVA_HOME", jre.toString());
    assertThat(run(environment, script, "--runtime").out()).isEqualTo(jre + "\n");
    assertThat(run(environment, script).out()).isNotEqualTo(jre + "\n");
  }

  @Test
  void withoutAJdkTwoLinesSayWhatToDo() throws Exception {
    // A copy that looks only where this test can keep JDKs away.
    Path script = directory.resolve("find-jdk");
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(SCRIPTS.resolve("find-jdk"))) {
      lines.add(line.replace("/usr/", "/nonexistent/").replace("/opt/", "/nonexistent/"));
    }
    Files.write(home.resolve("lib/find-jdk"), lines);
    Files.write(script, lines);
    Path tools = directory.resolve("tools");
    Files.createDirectories(tools);
    for (String tool : List.of("sh", "sed", "readlink", "mkdir", "mv")) {
      Files.createSymbolicLink(tools.resolve(tool), which(tool));
    }
    Run run = run(Map.of("PATH", tools.toString()), program("dfget"), "--help");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).hasSize(2);
    assertThat(run.err()).contains("JDK 25", "JAVA_HOME");
  }

  private static Path which(String tool) {
    for (String folder : System.getenv("PATH").split(":", -1)) {
      Path candidate = Path.of(folder, tool);
      if (Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    throw new IllegalStateException(tool + " is not on the PATH");
  }

  @Test
  void programIsFoundThroughLinksAndFromItsOwnDirectory() throws Exception {
    Map<String, String> environment = Map.of("JAVA_HOME", jdk("jdk25", "25").toString());
    Path link = directory.resolve("link");
    Files.createSymbolicLink(link, Path.of("dragonfly/bin/dfget"));
    assertThat(run(environment, link.toString()).out().lines()).endsWith("dfget");
    assertThat(run(environment, "sh", "-c", "cd dragonfly/bin && ./dfget").out().lines())
        .endsWith("dfget");
    assertThat(run(environment, "sh", "-c", "cd dragonfly/bin && sh dfget").out().lines())
        .endsWith("dfget");
  }

  /** A cache for that build of the JDK, dated like the jar; returns what has the date. */
  private Path cacheFor(String jdkBuild) throws IOException {
    Path aot = home.resolve("lib/aot/" + jdkBuild + "/dfget.aot");
    Files.createDirectories(aot.getParent());
    Files.writeString(aot, "");
    Path stamp = aot.resolveSibling("dfget.aot.stamp");
    Files.writeString(stamp, "");
    Path jar = home.resolve("lib/dragonfly-dist-1.jar");
    Files.setLastModifiedTime(stamp, Files.getLastModifiedTime(jar));
    return stamp;
  }

  @Test
  void cacheIsUsedOnlyWhileItsStampHasTheDateOfTheJar() throws Exception {
    Path stamp = cacheFor("25+9-Some");
    // The background making of a cache has nothing to do with what is tested here.
    Files.writeString(home.resolve("lib/make-aot-cache"), "#!/bin/sh\n");
    Map<String, String> environment =
        Map.of("JAVA_HOME", jdk("jdk25", "25").toString(), "DRAGONFLY_AOT", "on");
    assertThat(run(environment, program("dfget")).out())
        .contains("-XX:AOTCache=", "25+9-Some/dfget.aot");

    Files.setLastModifiedTime(stamp, java.nio.file.attribute.FileTime.fromMillis(1000));
    assertThat(run(environment, program("dfget")).out()).doesNotContain("AOTCache");
  }

  @Test
  void cacheOfAnotherMachinesJdkIsNotUsedThoughTheVersionIsTheSame() throws Exception {
    cacheFor("25+9-x86_64-Eclipse");
    Files.writeString(home.resolve("lib/make-aot-cache"), "#!/bin/sh\n");
    Path jdk = jdk("jdk25", "25");
    Map<String, String> environment = Map.of("JAVA_HOME", jdk.toString(), "DRAGONFLY_AOT", "on");
    Path release = jdk.resolve("release");
    String common = Files.readString(release);

    Files.writeString(release, common + "IMPLEMENTOR=\"Eclipse Adoptium\"\nOS_ARCH=\"x86_64\"\n");
    assertThat(run(environment, program("dfget")).out()).contains("25+9-x86_64-Eclipse/dfget.aot");
    for (String other :
        List.of(
            "IMPLEMENTOR=\"Eclipse Adoptium\"\nOS_ARCH=\"aarch64\"\n",
            "IMPLEMENTOR=\"Debian\"\nOS_ARCH=\"x86_64\"\n")) {
      Files.writeString(release, common + other);
      assertThat(run(environment, program("dfget")).out()).as(other).doesNotContain("AOTCache");
    }
  }

  @Test
  void serversHaveABoundedHeapAndDfgetOneCompiler() throws Exception {
    Map<String, String> environment =
        Map.of("JAVA_HOME", jdk("jdk25", "25").toString(), "DRAGONFLY_JAVA_OPTS", "-Dx=1 -Dy=2");
    assertThat(run(environment, program("dfdaemon")).out().lines())
        .contains("-Xmx512m", "-XX:MaxDirectMemorySize=512m", "-Dx=1", "-Dy=2");
    assertThat(run(environment, program("dfget")).out().lines())
        .contains("-XX:TieredStopAtLevel=1", "-Xlog:disable");
  }

  @Test
  void incompleteDistributionSaysSo() throws Exception {
    Files.delete(home.resolve("lib/dragonfly-dist-1.jar"));
    Run run = run(Map.of(), program("dfget"));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("incomplete");
  }
}
