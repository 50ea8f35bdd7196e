package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.PARENT_SENDS_MALFORMED_FRAMES;
import static io.dragonfly.lab.faults.Fault.PARENT_SENDS_WRONG_BYTES;
import static io.dragonfly.lab.faults.Fault.PARENT_STALLS;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.upstream.AnswerWriter;
import io.dragonfly.lab.upstream.UpstreamDaemon;
import io.dragonfly.lab.upstream.UpstreamTaskId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Parents that hold a content and answer badly. Each has one of its own and is the only one that
 * has it: a seed read the origin for them, so the roots of all pieces are known, and was killed
 * then.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ParentFaultsTest {
  private static final LabContent CONTENT = new LabContent(5, (9 << 20) + 321);

  /** A header, and the length of the metadata that follows it. */
  private static final int BEFORE_METADATA = 10;

  /** Far below the 4 GiB that a single frame announces. */
  private static final long MOST_GROWTH = 400L << 20;

  private static final String WRONG = "wrong";
  private static final String STALLED = "stalled";

  enum Frame {
    HEADER_OF_4_GIB,
    METADATA_OF_4_GIB,
    ERROR_OF_4_GIB,
    PIECE_LENGTH_OF_4_GIB,
    NEGATIVE_OFFSET,
    ANOTHER_PIECE,
    UNKNOWN_TAG,
    NOISE,
    CUT,
    NOTHING;

    byte[] of(byte[] honest) {
      ByteBuffer frame = ByteBuffer.wrap(honest.clone());
      return switch (this) {
        case HEADER_OF_4_GIB -> frame.putInt(2, -1).array();
        case METADATA_OF_4_GIB -> frame.putInt(6, -1).array();
        case ERROR_OF_4_GIB -> frame.put(1, (byte) 255).putInt(2, -1).array();
        case PIECE_LENGTH_OF_4_GIB -> frame.putLong(BEFORE_METADATA + 12, 0xFFFF_FFFFL).array();
        case NEGATIVE_OFFSET -> frame.putLong(BEFORE_METADATA + 4, -1).array();
        case ANOTHER_PIECE -> frame.putInt(BEFORE_METADATA, 1 << 30).array();
        case UNKNOWN_TAG -> frame.put(1, (byte) 99).array();
        case NOISE -> {
          byte[] noise = new byte[4096];
          new Random(9).nextBytes(noise);
          yield noise;
        }
        case CUT -> Arrays.copyOf(honest, honest.length / 2);
        case NOTHING -> new byte[0];
      };
    }
  }

  @TempDir private static Path directory;

  private final Map<String, UpstreamDaemon> parents = new TreeMap<>();
  private final AtomicInteger answers = new AtomicInteger();
  private Map<String, Set<Path>> before = Map.of();

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  @SuppressWarnings("NullAway.Init")
  private LabOrigin origin;

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of("seed"), List.of("a"));
    origin = LabOrigin.start(CONTENT, Behaviour.good());
    startParent(WRONG);
    startParent(STALLED);
    for (Frame frame : Frame.values()) {
      startParent(frame.name());
    }
    bench.cluster.program("seed").kill();
  }

  private void startParent(String name) throws Exception {
    UpstreamDaemon parent =
        UpstreamDaemon.start(directory.resolve(name), name, false, bench.cluster.schedulerPort());
    parents.put(name, parent);
    Download download = Download.newBuilder().setUrl(origin.url("/" + name)).build();
    parent.download(download, UpstreamTaskId.of(download));
  }

  @AfterAll
  void stop() throws IOException {
    for (UpstreamDaemon parent : parents.values()) {
      parent.close();
    }
    origin.close();
    bench.close();
  }

  @BeforeEach
  void note() throws IOException {
    before = bench.caches();
    answers.set(0);
  }

  private UpstreamDaemon parent(String name) {
    return Objects.requireNonNull(parents.get(name));
  }

  private void answerWith(String name, AnswerWriter writer) {
    parent(name)
        .answerWith((answer, out) -> {
          answers.incrementAndGet();
          writer.write(answer, out);
        });
  }

  /** The child gets the content all the same, and keeps nothing else. */
  private void theChildDoesWithout(String name, Fault fault) throws Exception {
    long sent = origin.bytesSent();
    bench.run(fault, "a", origin.url("/" + name)).succeededWith(CONTENT);
    assertThat(answers).as("answers of the parent").hasPositiveValue();
    long read = origin.bytesSent();
    assertThat(read - sent)
        .as("bytes from the origin, once instead of the parent's")
        .isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    // Nor is a wrong byte in the cache.
    bench.run(fault, "a", origin.url("/" + name)).succeededWith(CONTENT);
    assertThat(origin.bytesSent()).isEqualTo(read);
    bench.cachesGrewByTasks(before, 1);
    bench.returnsToBase();
  }

  @Test
  void wrongBytesWithAFittingChecksumAreNeverKept() throws Exception {
    parent(WRONG)
        .tamper(bytes -> {
          answers.incrementAndGet();
          bytes[bytes.length / 2] ^= 1;
          return bytes;
        });
    theChildDoesWithout(WRONG, PARENT_SENDS_WRONG_BYTES);
  }

  @ParameterizedTest
  @EnumSource(Frame.class)
  void aFrameThatIsNoneIsNotBelieved(Frame frame) throws Exception {
    Program daemon = bench.cluster.program("a");
    long memory = daemon.residentBytes();
    answerWith(frame.name(), (answer, out) -> out.write(frame.of(answer)));
    theChildDoesWithout(frame.name(), PARENT_SENDS_MALFORMED_FRAMES);
    assertThat(daemon.residentBytes() - memory).as("growth in bytes").isLessThan(MOST_GROWTH);
    assertThat(daemon.output()).doesNotContain("OutOfMemoryError", "NegativeArraySize");
  }

  @Test
  void aPieceThatStandsStillMidwayIsTakenElsewhere() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    answerWith(
        STALLED,
        (answer, out) -> {
          out.write(answer, 0, answer.length / 2);
          out.flush();
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    try {
      theChildDoesWithout(STALLED, PARENT_STALLS);
    } finally {
      end.countDown();
    }
  }
}
