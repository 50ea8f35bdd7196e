package io.dragonfly.dist;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.tls.OwnAuthority;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuthorityCommandTest {
  @TempDir Path dir;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path config;

  @BeforeEach
  void configure() throws Exception {
    config =
        Files.writeString(
            dir.resolve("dfdaemon.yaml"), "storage: {dir: " + dir.resolve("store") + "}");
  }

  private int run(String... arguments) {
    out.reset();
    err.reset();
    return AuthorityCommand.run(
        arguments, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
  }

  @Test
  void theFirstExportMakesAnAuthorityAndLaterOnesGiveTheSame() throws Exception {
    assertThat(run("export", "--config", config.toString())).isZero();
    OwnAuthority own = new OwnAuthority(dir.resolve("store/ca"));
    assertThat(own.isExported()).isTrue();
    String first = out.toString(UTF_8);
    assertThat(first).isEqualTo(own.read().pem()).doesNotContain("PRIVATE KEY");
    assertThat(err.toString(UTF_8)).contains(own.file().toString());

    Path file = dir.resolve("ca.pem");
    assertThat(run("export", "-c", config.toString(), "-o", file.toString())).isZero();
    assertThat(out.size()).isZero();
    assertThat(file).hasContent(first);
    assertThat(err.toString(UTF_8)).contains("curl --cacert " + file);
  }

  @Test
  void aConfiguredAuthorityIsTheOneThatIsPrinted() throws Exception {
    OwnAuthority configured = new OwnAuthority(dir.resolve("theirs"));
    String pem = configured.readOrMake("x").pem();
    Files.writeString(
        config,
        "storage: {dir: %s}\nproxy: {server: {caCert: %2$s, caKey: %2$s}}"
            .formatted(dir.resolve("store"), configured.file()));
    assertThat(run("export", "-c", config.toString())).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo(pem);
    assertThat(dir.resolve("store")).doesNotExist();
  }

  @Test
  void aKeyThatOthersReadIsNotGivenOut() throws Exception {
    assertThat(run("export", "-c", config.toString())).isZero();
    Path key = dir.resolve("store/ca/ca.pem");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(run("export", "-c", config.toString())).isEqualTo(1);
    assertThat(out.size()).isZero();
    assertThat(err.toString(UTF_8)).contains("chmod 600 " + key);
  }

  @Test
  void mistakesOnTheCommandLineAreNamed() {
    assertThat(run()).isEqualTo(2);
    assertThat(run("import")).isEqualTo(2);
    assertThat(run("export", "-c", "a", "--data-dir", "b")).isEqualTo(2);
    assertThat(run("export", "-c", dir.resolve("none").toString())).isEqualTo(1);
    assertThat(err.toString(UTF_8)).contains("none");
    assertThat(run("export", "--help")).isZero();
    assertThat(out.toString(UTF_8)).contains("--data-dir");
  }

  @Test
  void aStandaloneHasItsOwn() {
    assertThat(run("export", "--data-dir", dir.resolve("s").toString())).isZero();
    assertThat(dir.resolve("s/data/ca/exported")).exists();
  }
}
