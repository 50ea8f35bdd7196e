package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.daemon.fuzz.Mutations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Records of a journal whose checksum is right and nothing else: each is taken or refused. */
final class JournalFuzzTest {
  private static final TestContent CONTENT = TestContent.of(300_000, 131_072);

  /** The type of each, and its body. */
  static Stream<byte[]> records() {
    TaskOrigin origin = new TaskOrigin(new byte[] {1, 2, 3}, Optional.of(Duration.ofDays(1)), 3);
    return Stream.of(
            new JournalRecord.Header(TestContent.KEY, CONTENT.info(), origin, Instant.EPOCH),
            new JournalRecord.Content(CONTENT.info()),
            new JournalRecord.Piece(
                1,
                7,
                99,
                TrafficType.REMOTE_PEER,
                "peer",
                Duration.ofMillis(3),
                Instant.EPOCH,
                Optional.of(CONTENT.hashes(1))),
            new JournalRecord.Partial(
                1, 7, BlockSet.between(1, 2), List.of(99), CONTENT.hashes(1), true),
            new JournalRecord.Verified(1, 7),
            new JournalRecord.Dropped(2),
            new JournalRecord.Marks(Optional.of(Instant.EPOCH), Optional.empty()))
        .map(JournalFuzzTest::typeAndBody);
  }

  private static byte[] typeAndBody(JournalRecord record) {
    ByteBuffer whole = JournalFormat.encode(record);
    byte[] bytes =
        new byte[1 + whole.remaining() - JournalFormat.FRAME_BYTES - JournalFormat.CHECKSUM_BYTES];
    bytes[0] = whole.get(0);
    whole.get(JournalFormat.FRAME_BYTES, bytes, 1, bytes.length - 1);
    return bytes;
  }

  @MethodSource("records")
  @FuzzTest(maxDuration = "1m")
  void record(byte[] input) {
    if (input.length == 0) {
      return;
    }
    PieceTable table = new PieceTable(CONTENT.info());
    try {
      Optional<JournalRecord> record =
          JournalFormat.decode(input[0], Arrays.copyOfRange(input, 1, input.length));
      if (record.isPresent()) {
        table.apply(/* position= */ 10, record.get(), _ -> true);
      }
    } catch (IOException e) {
      return; // The task is dropped, or what is behind the record is.
    }
    assertThat(table.finished().length()).isLessThanOrEqualTo(table.layout().pieceCount());
    assertThat(table.storedBytes()).isNotNegative();
  }

  @Test
  void recordsThatAreNearlyRight() {
    Mutations.tryAll(records(), this::record);
  }
}
