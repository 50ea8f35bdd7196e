package io.dragonfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DfgetTest {
  private static final String URL = "http://127.0.0.1:1/file";

  @TempDir private Path directory;
  private Path output;

  @BeforeEach
  void nameOutput() {
    output = directory.resolve("out");
  }

  private DfgetRun refused(int code, String... args) {
    DfgetRun run = DfgetRun.of(directory, args);
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("dfget: ");
    return run;
  }

  @Test
  void versionNamesTheCommitAndItsDate() {
    DfgetRun run = DfgetRun.of(directory, "-V");
    assertThat(run.code()).isZero();
    assertThat(run.out()).matches("dfget \\S+ \\(\\S+, \\S+\\)\n");
  }

  @Test
  void helpListsWhatUpstreamKnows() {
    DfgetRun run = DfgetRun.of(directory, "--help");
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains(
            "-O, --output",
            "--transfer-from-dfdaemon",
            "--force-hard-link",
            "--content-for-calculating-task-id",
            "--filtered-query-param",
            "--disable-back-to-source",
            "-e, --endpoint");
  }

  @Test
  void unknownFlagIsAUsageError() {
    assertThat(refused(2, URL, "-O", "out", "--overwrit").err())
        .contains("--overwrit", "--overwrite", "dfget --help");
  }

  @Test
  void missingUrlAndMissingOutputAreUsageErrors() {
    assertThat(refused(2, "-O", "out").err()).contains("URL");
    assertThat(refused(2, URL).err()).contains("output");
  }

  @ParameterizedTest
  @CsvSource({
    "--priority=7, priority",
    "--priority=high, priority",
    "--timeout=soon, timeout",
    "--timeout=0s, timeout",
    "--piece-length=big, piece-length",
    "--log-level=nonsense, log-level",
  })
  void unreadableValueIsAUsageErrorThatNamesTheFlag(String flag, String name) {
    assertThat(refused(2, URL, "-O", "out", flag).err()).contains("--" + name);
  }

  @Test
  void unreadableVariableIsNamed() {
    DfgetRun run = DfgetRun.with(directory, Map.of("DFGET_PRIORITY", "9"), URL, "-O", "out");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("DFGET_PRIORITY", "'9'");
  }

  @Test
  void pieceBelowFourMebibytesIsRefused() {
    assertThat(refused(1, URL, "-O", "out", "--piece-length", "3MiB").err()).contains("4MiB");
  }

  @Test
  void headerWithoutColonIsRefusedAndNotRepeated() {
    assertThat(refused(1, URL, "-O", "out", "-H", "secret-token").err())
        .contains("Name: value")
        .doesNotContain("secret");
  }

  @Test
  void digestThatIsNoneIsRefused() {
    assertThat(refused(1, URL, "-O", "out", "--digest", "sha256:abc").err()).contains("--digest");
  }

  @Test
  void urlWithoutSchemeIsRefusedWithoutItsQuery() {
    assertThat(refused(1, "host/file?token=secret", "-O", "out").err())
        .contains("host/file")
        .doesNotContain("secret");
  }

  @Test
  void outputInADirectoryThatDoesNotExistIsRefused() {
    assertThat(refused(1, URL, "-O", "missing/out").err()).contains("missing", "does not exist");
  }

  @Test
  void existingOutputNeedsOverwriteAndStaysAsItIs() throws IOException {
    Files.writeString(output, "mine");
    assertThat(refused(1, URL, "-O", "out").err()).contains("--overwrite");
    assertThat(output).hasContent("mine");
  }

  @Test
  void directoryIsNoOutput() {
    assertThat(refused(1, URL, "-O", directory.toString()).err()).contains("is a directory");
  }

  @Test
  void hardLinkAndTransferExcludeEachOther() {
    assertThat(refused(2, URL, "-O", "out", "--force-hard-link", "--transfer-from-dfdaemon").err())
        .contains("exclude each other");
  }

  @Test
  void withoutADaemonAndWithoutTheOriginNothingIsLeftToDo() {
    String socket = directory.resolve("none.sock").toString();
    DfgetRun run = refused(1, URL, "-O", "out", "-e", socket, "--disable-back-to-source");
    assertThat(run.err()).contains(socket, "--disable-back-to-source").hasLineCount(1);
  }

  @Test
  void socketPathThatTheSystemCannotTakeIsRefused() {
    String socket = "/tmp/" + "x".repeat(120);
    assertThat(refused(1, URL, "-O", "out", "-e", socket).err()).contains("107", socket);
  }
}
