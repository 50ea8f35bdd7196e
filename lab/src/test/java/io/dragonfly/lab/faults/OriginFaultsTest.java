package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.ORIGIN_CHANGES_MIDWAY;
import static io.dragonfly.lab.faults.Fault.ORIGIN_CLOSES_MIDWAY;
import static io.dragonfly.lab.faults.Fault.ORIGIN_LIES_ABOUT_LENGTH;
import static io.dragonfly.lab.faults.Fault.ORIGIN_STALLS;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Origins that misbehave while a seed and two peers download. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OriginFaultsTest {
  private static final long MIB = 1 << 20;
  private static final LabContent OLD = new LabContent(3, 24 * MIB + 17);
  private static final LabContent NEW = new LabContent(4, 24 * MIB + 17);

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  private Map<String, Set<Path>> before = Map.of();

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of("seed"), List.of("a", "b"));
  }

  @AfterAll
  void stop() throws IOException {
    bench.close();
  }

  @BeforeEach
  void note() throws IOException {
    before = bench.caches();
  }

  /** What failed for good leaves nothing, what succeeded one version. */
  @AfterEach
  void returnsToBase() {
    bench.cachesGrewByTasks(before, 1);
    bench.returnsToBase();
  }

  @Test
  void aBodyThatIsCutMidwayIsResumed() throws Exception {
    try (LabOrigin origin = LabOrigin.start(OLD, Behaviour.good().closingAfter(3 * MIB))) {
      bench.run(ORIGIN_CLOSES_MIDWAY, "a", origin.url("/cut")).succeededWith(OLD);
      assertThat(origin.bytesSent()).isLessThan(2 * OLD.length());
    }
  }

  @Test
  void anUnrangedBodyThatIsCutForeverEndsInOneError() throws Exception {
    Behaviour cut = Behaviour.good().withoutRanges().closingAfter(3 * MIB);
    try (LabOrigin origin = LabOrigin.start(OLD, cut)) {
      bench.run(ORIGIN_CLOSES_MIDWAY, "a", origin.url("/cutall")).failedSaying("origin");
      assertThat(origin.requests()).as("not stormed").hasSizeLessThanOrEqualTo(20);
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void aLengthThatIsALieIsNeverBelieved() throws Exception {
    try (LabOrigin origin = LabOrigin.start(OLD, Behaviour.good().withoutRanges().lyingBy(999))) {
      bench.run(ORIGIN_LIES_ABOUT_LENGTH, "a", origin.url("/lie")).failedSaying("origin");
      assertThat(origin.requests()).as("not stormed").hasSizeLessThanOrEqualTo(20);

      bench.cachesReturnTo(before);

      origin.become(OLD, Behaviour.good());
      bench.run(ORIGIN_LIES_ABOUT_LENGTH, "a", origin.url("/lie")).succeededWith(OLD);
    }
  }

  @Test
  void aChunkedBodyThatIsCutIsNotTakenForWhole() throws Exception {
    Behaviour cut = Behaviour.good().withoutLength().closingAfter(3 * MIB);
    try (LabOrigin origin = LabOrigin.start(OLD, cut)) {
      bench.run(ORIGIN_LIES_ABOUT_LENGTH, "a", origin.url("/chunks")).failedSaying("origin");
      assertThat(origin.requests()).as("not stormed").hasSizeLessThanOrEqualTo(20);
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void contentThatChangesMidwayIsNeverMixed() throws Exception {
    changes(Behaviour.good().limitedTo(4 * MIB), Optional.of("\"v2\""), "/changes");
  }

  @Test
  void contentThatChangesBehindAWeakEtagIsNeverMixed() throws Exception {
    Behaviour weak = Behaviour.good().withEtag(Optional.of("W/\"1\"")).limitedTo(4 * MIB);
    changes(weak, Optional.of("W/\"2\""), "/weak");
  }

  private void changes(Behaviour behaviour, Optional<String> etag, String path) throws Exception {
    try (LabOrigin origin = LabOrigin.start(OLD, behaviour)) {
      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url(path), first);
      Program b = bench.start("b", origin.url(path), second);
      Awaitility.await()
          .atMost(ORIGIN_CHANGES_MIDWAY.limit())
          .until(() -> origin.bytesSent() > 2 * MIB);
      origin.become(NEW, behaviour.withEtag(etag).limitedTo(Long.MAX_VALUE));
      for (FaultBench.Outcome end :
          List.of(
              FaultBench.end(ORIGIN_CHANGES_MIDWAY, a, first),
              FaultBench.end(ORIGIN_CHANGES_MIDWAY, b, second))) {
        assertThat(end.exitCode()).as(end.text()).isZero();
        assertThat(LabContent.sha256(end.output())).isIn(OLD.sha256(), NEW.sha256());
      }
      assertThat(origin.bytesSent())
          .as("bytes from the origin, once for each version and some for the change")
          .isLessThan(OLD.length() + 2 * NEW.length());
      FaultBench.Outcome kept = bench.run(ORIGIN_CHANGES_MIDWAY, "a", origin.url(path));
      assertThat(kept.exitCode()).as(kept.text()).isZero();
      assertThat(LabContent.sha256(kept.output())).isIn(OLD.sha256(), NEW.sha256());
    }
  }

  @Test
  void anOriginThatStallsIsLeftAndAskedAgain() throws Exception {
    try (LabOrigin origin = LabOrigin.start(OLD, Behaviour.good().stallingAfter(3 * MIB))) {
      Path output = bench.newOutput();
      Program dfget = bench.start("a", origin.url("/stall"), output);
      Awaitility.await().atMost(ORIGIN_STALLS.limit()).until(() -> origin.bytesSent() >= 3 * MIB);
      Thread.sleep(Duration.ofSeconds(1));
      origin.become(OLD, Behaviour.good());
      FaultBench.end(ORIGIN_STALLS, dfget, output).succeededWith(OLD);
      assertThat(origin.bytesSent()).isLessThan(2 * OLD.length());
    }
  }
}
