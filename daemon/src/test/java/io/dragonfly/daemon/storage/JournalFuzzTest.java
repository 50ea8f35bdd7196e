package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.common.piece.BlockSet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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

  /** Whole journals: what stands behind the checksums, too. */
  static Stream<byte[]> journals() {
    return Stream.of(records().toList())
        .map(records -> {
          ByteArrayOutputStream file = new ByteArrayOutputStream();
          file.writeBytes(bytes(JournalFormat.magic()));
          for (byte[] record : records) {
            file.writeBytes(
                bytes(
                    JournalFormat.encode(
                        decoded(record[0], Arrays.copyOfRange(record, 1, record.length)))));
          }
          return file.toByteArray();
        });
  }

  private static JournalRecord decoded(int type, byte[] body) {
    try {
      return JournalFormat.decode(type, body).orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @MethodSource("journals")
  @FuzzTest(maxDuration = "1m")
  void journal(byte[] input) throws IOException {
    Path path = Files.createTempFile("journal", "");
    try (OpenFiles open = new OpenFiles(1)) {
      Files.write(path, input);
      List<Long> positions = new ArrayList<>();
      TaskJournal journal;
      try {
        journal =
            TaskJournal.load(new SharedFile(open, path), (position, _) -> positions.add(position));
      } catch (IOException e) {
        return; // The task is dropped.
      }
      for (long position : positions) {
        assertThat(journal.read(position)).isNotNull();
      }
      assertThat(Files.size(path)).isLessThanOrEqualTo(input.length);
    } finally {
      Files.delete(path);
    }
  }

  static Stream<byte[]> markers() {
    return Stream.of(
            """
            dragonfly piece store 1
            session 1700000000000
            clean yes
            doubtful-before 1600000000000
            doubtful 1600000000001 1600000000002
            """,
            """
            dragonfly piece store 1
            session 9223372036854775807
            clean no
            doubtful-before 0
            doubtful
            """)
        .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** The next session is named after all before, and what it can't tell it doubts. */
  @MethodSource("markers")
  @FuzzTest(maxDuration = "1m")
  void marker(byte[] input) {
    long now = 1_700_000_000_000L;
    List<String> lines = new String(input, StandardCharsets.ISO_8859_1).lines().toList();
    StoreDirectory.Sessions sessions = StoreDirectory.Sessions.next(lines, now);
    assertThat(sessions.current()).isGreaterThanOrEqualTo(now);
    List<String> written = sessions.text(/* clean= */ false).lines().toList();
    StoreDirectory.Sessions next = StoreDirectory.Sessions.next(written, now);
    assertThat(next.current()).isGreaterThan(sessions.current());
    assertThat(
            next.doubtful().contains(sessions.current())
                || next.doubtfulBefore() > sessions.current())
        .isTrue();
  }

  @Test
  void journalsThatAreNearlyRight() {
    Mutations.tryAll(journals(), this::journal);
  }

  @Test
  void markersThatAreNearlyRight() {
    Mutations.tryAll(markers(), this::marker);
  }

  @Test
  void recordsThatAreNearlyRight() {
    Mutations.tryAll(records(), this::record);
  }
}
