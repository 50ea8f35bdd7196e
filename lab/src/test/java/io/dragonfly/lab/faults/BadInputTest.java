package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.EXISTING_OUTPUT;
import static io.dragonfly.lab.faults.Fault.FORBIDDEN_BY_PRIORITY;
import static io.dragonfly.lab.faults.Fault.MALFORMED_URL;
import static io.dragonfly.lab.faults.Fault.MISSING_PARENT_DIRECTORY;
import static io.dragonfly.lab.faults.Fault.NOTHING_LISTENS;
import static io.dragonfly.lab.faults.Fault.ORIGIN_FAILS_THEN_RECOVERS;
import static io.dragonfly.lab.faults.Fault.ORIGIN_REFUSES;
import static io.dragonfly.lab.faults.Fault.UNKNOWN_SCHEME;
import static io.dragonfly.lab.faults.Fault.UNWRITABLE_OUTPUT;
import static io.dragonfly.lab.faults.Fault.WRONG_DIGEST;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user or a neighbour can get wrong; one cluster lives through all of it. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BadInputTest {
  private static final LabContent CONTENT = new LabContent(2, 9_000_001);

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  private Map<String, Set<Path>> before = Map.of();

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of("seed"), List.of("a"));
  }

  @AfterAll
  void stop() throws IOException {
    bench.close();
  }

  @BeforeEach
  void note() throws IOException {
    before = bench.caches();
  }

  @AfterEach
  void returnsToBaseAndStillWorks() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.run(ORIGIN_REFUSES, "a", origin.url("/after")).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    }
    bench.returnsToBase();
  }

  @Test
  void aMalformedUrlIsRefused() throws Exception {
    bench.run(MALFORMED_URL, "a", "http://[nonsense/file").failedSaying("URL");
    bench.cachesReturnTo(before);
  }

  @Test
  void anUnknownSchemeIsNamed() throws Exception {
    bench.run(UNKNOWN_SCHEME, "a", "gopher://127.0.0.1/file").failedSaying("gopher");
    bench.cachesReturnTo(before);
  }

  @Test
  void anOriginThatDoesNotListenIsNamed() throws Exception {
    bench.run(NOTHING_LISTENS, "a", "http://127.0.0.1:1/file").failedSaying("127.0.0.1:1");
    bench.cachesReturnTo(before);
  }

  @Test
  void aMissingParentDirectoryIsNamed() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = bench.outputs.resolve("none").resolve("file1");
      FaultBench.end(MISSING_PARENT_DIRECTORY, bench.start("a", origin.url("/p"), output), output)
          .failedSaying(bench.outputs.resolve("none").toString());
      assertThat(origin.requests()).isEmpty();
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void anExistingOutputIsKeptUnlessOverwriteIsSaid() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = Files.writeString(bench.newOutput(), "precious");
      FaultBench.Outcome refused =
          FaultBench.end(EXISTING_OUTPUT, bench.start("a", origin.url("/e"), output), output);
      assertThat(refused.exitCode()).isIn(1, 2);
      assertThat(refused.text()).contains("--overwrite");
      assertThat(output).hasContent("precious");
      assertThat(origin.requests()).isEmpty();
      bench.cachesReturnTo(before);

      FaultBench.end(
              EXISTING_OUTPUT, bench.start("a", origin.url("/e"), output, "--overwrite"), output)
          .succeededWith(CONTENT);
    }
  }

  @Test
  void aFailedOverwriteKeepsWhatWasThere() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(404))) {
      Path output = Files.writeString(bench.newOutput(), "precious");
      FaultBench.Outcome failed =
          FaultBench.end(
              EXISTING_OUTPUT, bench.start("a", origin.url("/f"), output, "--overwrite"), output);
      assertThat(failed.exitCode()).isEqualTo(1);
      assertThat(failed.text()).contains("404");
      assertThat(output).hasContent("precious");
      bench.cachesReturnTo(before);
    }
  }

  /** Written by the daemon, and by dfget from the socket. */
  @ParameterizedTest
  @ValueSource(strings = {"--overwrite", "--transfer-from-dfdaemon"})
  void anUnwritableOutputIsNamed(String how) throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = Path.of("/proc/dragonfly-output");
      FaultBench.end(UNWRITABLE_OUTPUT, bench.start("a", origin.url("/u"), output, how), output)
          .failedSaying("/proc/dragonfly-output", "takes no new files");
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
      bench.cachesGrewByTasks(before, how.equals("--overwrite") ? 0 : 1);
    }
  }

  @Test
  void aWrongDigestFailsAndDropsTheCache() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      String zeros = "sha256:" + "0".repeat(64);
      bench
          .run(WRONG_DIGEST, "a", origin.url("/digest"), "--digest", zeros)
          .failedSaying("digest", CONTENT.sha256());
      org.awaitility.Awaitility.await()
          .atMost(WRONG_DIGEST.limit())
          .untilAsserted(() -> assertThat(bench.cache("a")).isEqualTo(before.get("a")));
      // The seed compares the digest as well; whoever had a part from it reads the rest.
      assertThat(origin.bytesSent()).isLessThan(2 * CONTENT.length());
      assertThat(bench.cache("seed")).isEqualTo(before.get("seed"));

      bench
          .run(WRONG_DIGEST, "a", origin.url("/digest"), "--digest", "sha256:" + CONTENT.sha256())
          .succeededWith(CONTENT);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void whatAPriorityForbidsIsSaidWithoutAskingTheOrigin(int priority) throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench
          .run(FORBIDDEN_BY_PRIORITY, "a", origin.url("/p" + priority), "-p", "" + priority)
          .failedSaying("LEVEL" + priority);
      assertThat(origin.requests()).isEmpty();
      bench.cachesReturnTo(before);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 410, 416, 500})
  void aRefusalOfTheOriginIsTold(int status) throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(status))) {
      bench.run(ORIGIN_REFUSES, "a", origin.url("/r" + status)).failedSaying("" + status);
      // A 4xx is final; a 5xx is asked by two hosts, four times each. After a range that is refused
      // as such, each asks for the whole, once more each time.
      int most = status >= 500 ? 8 : status == 416 ? 6 : 4;
      assertThat(origin.requests())
          .as("an origin that refuses is not stormed")
          .hasSizeLessThanOrEqualTo(most);
      assertThat(origin.bytesSent()).isZero();
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void aRangeBehindTheEndIsTold() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench
          .run(ORIGIN_REFUSES, "a", origin.url("/range"), "-H", "Range: bytes=99999999-")
          .failedSaying("range");
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length());
    }
  }

  @Test
  void anOriginThatRecoversIsAskedAgain() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(503, 2))) {
      bench.run(ORIGIN_FAILS_THEN_RECOVERS, "a", origin.url("/recovers")).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    }
  }
}
