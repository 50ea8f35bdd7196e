package io.dragonfly.cli.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.daemon.source.SourceOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectDownloadTest {
  private static final int LENGTH = 300_000;

  @TempDir private Path directory;
  private final byte[] content = new byte[LENGTH];
  private StubOrigin origin;
  private Path output;

  @BeforeEach
  void start() throws IOException {
    new Random(7).nextBytes(content);
    origin = new StubOrigin(content);
    output = directory.resolve("out");
  }

  @AfterEach
  void stop() {
    origin.close();
  }

  private DownloadSpec spec(boolean overwrite, Optional<String> digest) {
    return spec(overwrite, digest, OptionalLong.empty());
  }

  private DownloadSpec spec(boolean overwrite, Optional<String> digest, OptionalLong rate) {
    return new DownloadSpec(
        origin.url(),
        output,
        overwrite,
        false,
        false,
        digest,
        Optional.empty(),
        Optional.empty(),
        6,
        OptionalLong.empty(),
        List.of("X-Test: yes"),
        Optional.empty(),
        false,
        Duration.ofSeconds(60),
        Optional.empty(),
        rate);
  }

  private Outcome download(DownloadSpec spec) throws DownloadFailure {
    SourceOptions options =
        SourceOptions.builder()
            .maxRetries(0)
            .firstPause(Duration.ofMillis(1))
            .environment(Map.of())
            .build();
    ProgressListener silent =
        new ProgressListener() {
          @Override
          public void started(long length) {}

          @Override
          public void progress(long bytes) {}
        };
    try (DirectDownload download = new DirectDownload(options)) {
      return download.download(spec, silent);
    }
  }

  private List<String> files() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static String crc32(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return "crc32:" + crc.getValue();
  }

  @Test
  void fileIsWholeAndVerifiedAndAlone() throws Exception {
    Outcome outcome = download(spec(false, Optional.of(crc32(content))));
    assertThat(outcome).isEqualTo(new Outcome(LENGTH, new Shares(0, 0, 0, LENGTH)));
    assertThat(output).hasBinaryContent(content);
    assertThat(files()).containsExactly("out");
  }

  @Test
  void aRateIsKept() throws Exception {
    long begin = System.nanoTime();
    download(spec(false, Optional.empty(), OptionalLong.of(LENGTH / 2)));
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(1900));
    assertThat(output).hasBinaryContent(content);
  }

  @Test
  void emptyContentIsAFile() throws Exception {
    origin.content = new byte[0];
    assertThat(download(spec(false, Optional.empty())).bytes()).isZero();
    assertThat(output).isEmptyFile();
  }

  @Test
  void brokenConnectionGoesOnWhereItBroke() throws Exception {
    origin.breakAfter = 100_000;
    origin.once = true;
    download(spec(false, Optional.empty()));
    assertThat(output).hasBinaryContent(content);
    assertThat(origin.ranges()).hasSize(2);
    assertThat(origin.ranges().get(1)).startsWith("bytes=").isNotEqualTo("bytes=0-");
  }

  @Test
  void nextRunGoesOnWhereTheLastOneEnded() throws Exception {
    origin.breakAfter = 0;
    Files.write(directory.resolve(".out.part"), java.util.Arrays.copyOf(content, 120_000));
    leaveSideFile("\"v1\"");
    assertThatThrownBy(() -> download(spec(false, Optional.empty())))
        .isInstanceOf(DownloadFailure.class);
    assertThat(files()).containsExactly(".out.part", ".out.part.origin");

    origin.breakAfter = -1;
    Outcome outcome = download(spec(false, Optional.of(crc32(content))));
    assertThat(outcome.shares()).isEqualTo(new Shares(0, 0, 0, LENGTH - 120_000, 120_000));
    assertThat(origin.ranges()).last().isEqualTo("bytes=120000-");
    assertThat(output).hasBinaryContent(content);
    assertThat(files()).containsExactly("out");
  }

  @Test
  void contentThatChangedMeanwhileIsReadFromItsStart() throws Exception {
    Files.write(directory.resolve(".out.part"), new byte[120_000]);
    leaveSideFile("\"v0\"");
    Outcome outcome = download(spec(false, Optional.empty()));
    assertThat(output).hasBinaryContent(content);
    assertThat(outcome.shares().origin()).isEqualTo(LENGTH);
  }

  @Test
  void leftoversOfAnotherUrlAreNotUsed() throws Exception {
    Files.write(directory.resolve(".out.part"), new byte[120_000]);
    Files.writeString(
        directory.resolve(".out.part.origin"), "url-sha256: 00\netag: \"v1\"\nlength: 300000\n");
    download(spec(false, Optional.empty()));
    assertThat(origin.ranges()).containsExactly("-");
    assertThat(output).hasBinaryContent(content);
  }

  @Test
  void aDamagedNoteOfTheVersionIsNoObstacle() throws Exception {
    Files.write(directory.resolve(".out.part"), new byte[120_000]);
    Files.write(directory.resolve(".out.part.origin"), new byte[] {-1, -2, 0, (byte) 0xc3});
    download(spec(false, Optional.empty()));
    assertThat(output).hasBinaryContent(content);
    assertThat(files()).containsExactly("out");
  }

  @Test
  void contentWithoutValidatorsLeavesNothingBehind() throws Exception {
    origin.etag = null;
    origin.breakAfter = 100_000;
    assertThatThrownBy(() -> download(spec(false, Optional.empty())))
        .isInstanceOf(DownloadFailure.class);
    assertThat(files()).isEmpty();
    assertThat(origin.ranges()).containsOnly("-").hasSizeLessThan(10);
  }

  @Test
  void wrongDigestIsNoFileAndLeavesWhatWasThere() throws Exception {
    Files.writeString(output, "mine");
    assertThatThrownBy(() -> download(spec(true, Optional.of("crc32:1"))))
        .isInstanceOf(DownloadFailure.class)
        .hasMessageContaining("expected crc32:1, got " + crc32(content));
    assertThat(output).hasContent("mine");
    assertThat(files()).containsExactly("out");
  }

  @Test
  void refusalHasTheOriginsStatusAndLeavesNothing() throws Exception {
    DownloadSpec spec = spec(false, Optional.empty());
    origin.close();
    assertThatThrownBy(() -> download(spec)).isInstanceOf(DownloadFailure.class);
    assertThat(files()).isEmpty();
  }

  @Test
  void fileThatAppearedMeanwhileIsNotReplaced() throws Exception {
    Files.writeString(output, "somebody's");
    assertThatThrownBy(() -> download(spec(false, Optional.empty())))
        .isInstanceOf(DownloadFailure.class)
        .hasMessageContaining("--overwrite");
    assertThat(output).hasContent("somebody's");
  }

  /** Downloads once in order to have a side file of the right form, and gives it another ETag. */
  private void leaveSideFile(String etag) throws Exception {
    byte[] part = Files.readAllBytes(directory.resolve(".out.part"));
    int breakAfter = origin.breakAfter;
    Files.delete(directory.resolve(".out.part"));
    origin.breakAfter = 10;
    assertThatThrownBy(() -> download(spec(false, Optional.empty())))
        .isInstanceOf(DownloadFailure.class);
    Path side = directory.resolve(".out.part.origin");
    Files.writeString(side, Files.readString(side).replace("\"v1\"", etag));
    Files.write(directory.resolve(".out.part"), part);
    origin.breakAfter = breakAfter;
    origin.ranges().clear();
  }

  @Test
  void linksUnderTheNamesOfTheTemporaryFilesAreNotFollowed() throws Exception {
    Path precious = Files.writeString(directory.resolve("precious"), "keep me");
    Path part = directory.resolve(".out.part");

    Files.createSymbolicLink(part, precious);
    assertThatThrownBy(() -> download(spec(false, Optional.empty())))
        .isInstanceOf(DownloadFailure.class);
    Files.delete(part);
    Files.createLink(part, precious);
    assertThatThrownBy(() -> download(spec(false, Optional.empty())))
        .isInstanceOf(DownloadFailure.class)
        .hasMessageContaining("remove it");
    Files.delete(part);
    Files.createSymbolicLink(directory.resolve(".out.part.origin"), precious);
    download(spec(false, Optional.empty()));

    assertThat(precious).hasContent("keep me");
    assertThat(output).hasBinaryContent(content);
    assertThat(files()).containsExactlyInAnyOrder("out", "precious");
  }
}
