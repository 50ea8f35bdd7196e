package io.dragonfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DfgetThroughDaemonTest {
  private static final String URL = "https://user:pass@host/a%20b?sig=secret#part";
  private static final String STARTED =
      "started task=t peer=p host=h length=11 piece-length=4194304\n";
  private static final String DONE = "done bytes=11 millis=3 cache=0 peers=6 seed=5 origin=0\n";

  @TempDir private Path directory;
  private Path output;
  private StubDaemon daemon;

  @BeforeEach
  void startDaemon() throws IOException {
    output = directory.resolve("out");
    daemon = new StubDaemon(directory.resolve("s"));
  }

  @AfterEach
  void stopDaemon() throws IOException {
    daemon.close();
  }

  private DfgetRun dfget(String... more) {
    String[] args = new String[more.length + 5];
    args[0] = URL;
    args[1] = "-O";
    args[2] = "out";
    args[3] = "-e";
    args[4] = daemon.socket().toString();
    System.arraycopy(more, 0, args, 5, more.length);
    return DfgetRun.of(directory, args);
  }

  private List<String> files() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void asksForEverythingTheUserSaid() throws Exception {
    daemon.answer(STARTED + DONE);
    DfgetRun run =
        dfget(
            "--overwrite",
            "-H",
            "Authorization: Bearer x%y",
            "--tag=a\nb",
            "--application",
            "app",
            "-p",
            "3",
            "--piece-length",
            "8MiB",
            "--filtered-query-param",
            "sig",
            "--digest",
            "crc32:7",
            "--disable-back-to-source",
            "--timeout",
            "1m30s",
            "--content-for-calculating-task-id",
            "id");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(daemon.request())
        .containsExactly(
            "DRAGONFLY/1 DOWNLOAD",
            "url: https://user:pass@host/a%2520b?sig=secret#part",
            "output: " + output,
            "overwrite: true",
            "digest: crc32:7",
            "tag: a%0Ab",
            "application: app",
            "priority: 3",
            "piece-length: 8388608",
            "header: Authorization: Bearer x%25y",
            "filtered-query-params-set: true",
            "filtered-query-param: sig",
            "disable-back-to-source: true",
            "timeout-millis: 90000",
            "content-for-calculating-task-id: id",
            "");
  }

  @Test
  void aRateAndALinkAreAskedForWhereTheUserWantsThem() throws Exception {
    daemon.answer(STARTED + DONE);
    DfgetRun run = dfget("--limit-rate", "10MiB", "--force-hard-link");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(daemon.request()).contains("limit-rate: 10485760", "force-hard-link: true");
  }

  @Test
  void saysWhereTheBytesCameFrom() {
    daemon.answer(STARTED + "progress bytes=5 cache=0 peers=0 seed=5 origin=0\n" + DONE);
    DfgetRun run = dfget();
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith(output + ": 11 B in ")
        .endsWith("55% from peers, 45% from the seed\n");
  }

  @Test
  void linesOfALaterProtocolAreSkipped() {
    daemon.answer("hello from=2030\n" + STARTED + "weather rain=1\n" + DONE);
    assertThat(dfget().code()).isZero();
  }

  @Test
  void whatTheOriginNoLongerGivesIsReadStraightFromIt() throws Exception {
    HttpServer origin =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    origin.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, 3);
            exchange.getResponseBody().write("new".getBytes(UTF_8));
          }
        });
    origin.start();
    try {
      String url = "http://127.0.0.1:" + origin.getAddress().getPort() + "/file";
      String changed = "error code=ABORTED message=it%20has%20changed\n";
      daemon.answer(changed).answer(changed);
      String[] args = {
        url, "-O", "out", "-e", daemon.socket().toString(), "--disable-back-to-source"
      };
      DfgetRun refused = DfgetRun.of(directory, args);
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.err()).contains("it has changed");
      assertThat(output).doesNotExist();

      DfgetRun run = DfgetRun.of(directory, Arrays.copyOf(args, 5));
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(run.err()).contains("it has changed; downloading straight from the origin");
      assertThat(output).hasContent("new");
    } finally {
      origin.stop(0);
    }
  }

  @Test
  void errorIsOneLineWithTheOriginsStatus() {
    daemon.answer(
        "error code=NOT_FOUND status=404 message=the%20origin%20has%20no%20such%20file\n");
    DfgetRun run = dfget();
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo("dfget: the origin has no such file (the origin answered 404)\n");
  }

  @Test
  void streamedContentBecomesTheFile() throws Exception {
    daemon.answer(
        STARTED + "content offset=0 length=6\nhello\ncontent offset=6 length=5\nworld" + DONE);
    DfgetRun run = dfget("--transfer-from-dfdaemon", "--digest", "crc32:1243066710");
    assertThat(run.code()).as(run.err()).isEqualTo(1);
    assertThat(run.err()).contains("--digest", "expected crc32:1243066710");
    assertThat(files()).containsExactly("s");

    daemon.answer(
        STARTED + "content offset=0 length=6\nhello\ncontent offset=6 length=5\nworld" + DONE);
    run = dfget("--transfer-from-dfdaemon");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(output).hasContent("hello\nworld");
    assertThat(files()).containsExactly("out", "s");
    daemon.request();
    assertThat(daemon.request()).noneMatch(line -> line.startsWith("output: "));
  }

  @Test
  void daemonThatMayNotWriteThereStreams() throws Exception {
    daemon.answer("error code=PERMISSION_DENIED message=may%20not%20write%20there\n");
    daemon.answer(STARTED + "content offset=0 length=11\nhello\nworld" + DONE);
    DfgetRun run = dfget();
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(output).hasContent("hello\nworld");
    assertThat(daemon.request()).anyMatch(line -> line.startsWith("output: "));
    assertThat(daemon.request()).noneMatch(line -> line.startsWith("output: "));
  }

  @Test
  void originThatDeniesPermissionIsAskedOnce() throws Exception {
    daemon.answer("error code=PERMISSION_DENIED status=403 message=the%20origin%20refused\n");
    DfgetRun run = dfget();
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("the origin refused", "403");
  }

  @Test
  void failedDownloadLeavesWhatWasThere() throws Exception {
    Files.writeString(output, "mine");
    daemon.answer(STARTED + "content offset=0 length=6\nhello\n");
    DfgetRun run = dfget("--overwrite", "--transfer-from-dfdaemon");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("went away");
    assertThat(output).hasContent("mine");
    assertThat(files()).containsExactly("out", "s");
  }

  @Test
  void contentThatIsTooShortIsNoFile() throws Exception {
    daemon.answer(
        STARTED
            + "content offset=0 length=6\nhello\n"
            + "done bytes=6 millis=3 cache=0 peers=6 seed=0 origin=0\n");
    DfgetRun run = dfget("--transfer-from-dfdaemon");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("6 of 11 bytes");
    assertThat(files()).containsExactly("s");
  }

  @Test
  void contentOutOfOrderIsRefused() throws Exception {
    daemon.answer(STARTED + "content offset=5 length=6\nworld\n");
    DfgetRun run = dfget("--transfer-from-dfdaemon");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("out of order");
    assertThat(files()).containsExactly("s");
  }

  @Test
  void lineWithoutEndIsRefused() {
    daemon.answer(STARTED + "progress bytes=" + "1".repeat(100_000));
    DfgetRun run = dfget();
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("does not end");
  }

  @Test
  void timeLimitEndsADownloadThatStalls() {
    // No answer is queued: the daemon holds the connection and says nothing.
    DfgetRun run = dfget("--timeout", "300ms");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo("dfget: gave up on https://host/a%20b after 300 ms; --timeout sets the limit\n");
  }

  @Test
  void ownDaemonIsFoundInTheHomeDirectory() throws Exception {
    Files.createDirectories(directory.resolve(".dragonfly"));
    try (StubDaemon own = new StubDaemon(directory.resolve(".dragonfly/dfdaemon.sock"))) {
      own.answer(STARTED + DONE);
      DfgetRun run = DfgetRun.of(directory, URL, "-O", "out");
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(own.request()).contains("output: " + output);
    }
  }
}
