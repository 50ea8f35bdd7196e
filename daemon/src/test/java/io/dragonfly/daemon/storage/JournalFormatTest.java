package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JournalFormatTest {
  private static final int HEADER = 1;
  private static final TestContent CONTENT = TestContent.of(300_000, 131_072);

  /** A header as it was written when it still said whether credentials were used. */
  private static byte[] withMark(String guard, boolean withCredentials) {
    ByteBuffer whole =
        JournalFormat.encode(
            new JournalRecord.Header(
                TestContent.KEY,
                CONTENT.info().guardedBy(guard),
                TestContent.ORIGIN,
                Instant.EPOCH));
    byte[] body =
        new byte[whole.remaining() - JournalFormat.FRAME_BYTES - JournalFormat.CHECKSUM_BYTES];
    whole.get(JournalFormat.FRAME_BYTES, body);
    ByteArrayOutputStream old = new ByteArrayOutputStream();
    old.writeBytes(body);
    old.writeBytes(new byte[] {8, 0, 0, 0, 1, (byte) (withCredentials ? 1 : 0)});
    return old.toByteArray();
  }

  private static Optional<JournalRecord> decode(byte[] body) throws IOException {
    return JournalFormat.decode(HEADER, body);
  }

  @Test
  void whatWasReadWithCredentialsNobodyKnowsWhereIsNotTakenOver() throws Exception {
    assertThatThrownBy(() -> decode(withMark("", true)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("credentials");
    assertThat(decode(withMark("https://origin/a", true)))
        .get()
        .isInstanceOfSatisfying(
            JournalRecord.Header.class,
            header -> assertThat(header.content().guard()).isEqualTo("https://origin/a"));
    assertThat(decode(withMark("", false))).isPresent();
  }
}
