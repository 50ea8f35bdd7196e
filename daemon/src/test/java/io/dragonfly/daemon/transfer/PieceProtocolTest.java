package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Bytes written by hand from the description of upstream's framing. */
final class PieceProtocolTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String ID_HEX = "30313233343536373839616263646566".repeat(4);
  private static final HexFormat HEX = HexFormat.of();

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return HEX.formatHex(bytes);
  }

  private static ByteBuffer bytes(String hex) {
    return ByteBuffer.wrap(HEX.parseHex(hex.replace(" ", "")));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aPieceRequestHasTheBytesOfUpstream(Kind kind) {
    PieceProtocol.Request.Piece request =
        new PieceProtocol.Request.Piece(0x7f, new TaskKey(kind, new TaskId(ID)), 258);
    String tag = HEX.toHexDigits((byte) (2 * kind.code()));
    String golden = "7f" + tag + "00000044" + ID_HEX + "00000102";
    assertThat(hex(PieceProtocol.encode(request))).isEqualTo(golden).hasSize(2 * 74);
    assertThat(PieceProtocol.decodeRequest(bytes(golden))).contains(request);
  }

  @Test
  void aPieceAnswerHasTheBytesOfUpstream() throws Exception {
    StoredPiece piece =
        new StoredPiece(
            3,
            0xc00000,
            0x400000,
            Digest.crc32(305419896),
            Optional.empty(),
            TrafficType.BACK_TO_SOURCE,
            "peer-1",
            Duration.ofMillis(2999),
            Instant.ofEpochSecond(0x65000000L, 999));
    // 45 + 15 + 6 = 66 = 0x42; frame length 70 = 0x46
    String golden =
        "09 01 00000046 00000042 00000003 0000000000c00000 0000000000400000"
            + " 0000000f 63726333323a333035343139383936 00000006 706565722d31"
            + " 01 0000000000000002 0000000065000000";
    ByteBuffer encoded = PieceProtocol.encodePiece(9, Kind.TASK, piece);
    assertThat(hex(encoded)).isEqualTo(golden.replace(" ", ""));
    int length = PieceProtocol.answerBytes(encoded, 1);
    assertThat(PieceProtocol.decodeAnswer(encoded, length))
        .isEqualTo(
            new PieceProtocol.Answer.Piece(
                3, 0xc00000, 0x400000, Optional.of(Digest.crc32(305419896)), "peer-1"));
    assertThat(encoded.hasRemaining()).isFalse();
    ByteBuffer persistent = PieceProtocol.encodePiece(9, Kind.PERSISTENT_CACHE_TASK, piece);
    assertThat(persistent.get(1)).isEqualTo((byte) 5);
  }

  @Test
  void anErrorHasTheBytesOfUpstream() throws Exception {
    ByteBuffer encoded = PieceProtocol.encodeError(1, PieceProtocol.CODE_NOT_FOUND, "no");
    assertThat(hex(encoded)).isEqualTo("01ff00000003026e6f");
    assertThat(PieceProtocol.decodeAnswer(encoded, PieceProtocol.answerBytes(encoded, 1)))
        .isEqualTo(new PieceProtocol.Answer.Failure(2, "no"));
  }

  @Test
  void blockFramesAreAsDescribed() throws Exception {
    PieceProtocol.Request.Blocks request =
        new PieceProtocol.Request.Blocks(
            1, TestContent.key("abc"), 0x1122334455667788L, 5, 2, 7, true);
    String golden = "01 40 00000014 00 1122334455667788 00000005 02 07 01 03 616263";
    assertThat(hex(PieceProtocol.encode(request))).isEqualTo(golden.replace(" ", ""));
    assertThat(PieceProtocol.decodeRequest(bytes(golden))).contains(request);

    TestContent content = TestContent.of(70_000, 1 << 20);
    PieceProtocol.Answer.Blocks answer =
        new PieceProtocol.Answer.Blocks(0, 0, 2, 70_000, Optional.of(content.hashes(0)));
    ByteBuffer encoded = PieceProtocol.encodeBlocks(1, answer);
    assertThat(hex(encoded))
        .isEqualTo(
            "01410000004f"
                + "00000000"
                + "00"
                + "02"
                + "0000000000011170"
                + "02"
                + HEX.formatHex(content.hashes(0).bytes()));
    int length = PieceProtocol.answerBytes(encoded, PieceProtocol.TAG_BLOCKS_CONTENT);
    assertThat(PieceProtocol.decodeAnswer(encoded, length)).isEqualTo(answer);
  }

  @Test
  void theVersionNumberIsTheStartOfItsSha256() {
    byte[] hash = TestContent.sha256("\"etag-1\"".getBytes(StandardCharsets.UTF_8));
    assertThat(PieceProtocol.versionNumber("\"etag-1\""))
        .isEqualTo(ByteBuffer.wrap(hash).getLong());
  }

  @Test
  void aRequestThatIsNotWholeYetStays() {
    ByteBuffer whole = PieceProtocol.encode(new PieceProtocol.Request.Piece(1, TestContent.KEY, 0));
    for (int length = 0; length < whole.capacity(); length++) {
      ByteBuffer part = whole.slice(0, length);
      assertThat(PieceProtocol.decodeRequest(part)).isEmpty();
      assertThat(part.position()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0100 ffffffff, can't have 4294967295 bytes",
    "0100 00000043, can't have 67 bytes",
    "0140 00000011, can't have 17 bytes",
    "0140 00000111, can't have 273 bytes",
    "01fe 00000001, can't have 1 bytes",
    "0106 00000044, not supported",
    "0101 00000044, not supported",
    "01ff 00000002, not supported",
  })
  void aFrameThatCannotBeServedIsRefusedByItsHeader(String header, String message) {
    Optional<PieceProtocol.Request> request = PieceProtocol.decodeRequest(bytes(header));
    assertThat(request.orElseThrow())
        .isInstanceOfSatisfying(
            PieceProtocol.Request.Malformed.class,
            malformed -> assertThat(malformed.message()).contains(message));
  }

  @ParameterizedTest
  @CsvSource({
    "0100 00000044 2e2e2f2e2e2f6574632f706173737764", // ../../etc/passwd
    "0100 00000044 00000000000000000000000000000000",
  })
  void anIdThatIsNoneIsRefused(String start) {
    ByteBuffer request = ByteBuffer.allocate(74).put(bytes(start));
    request.rewind();
    assertThat(PieceProtocol.decodeRequest(request).orElseThrow())
        .isInstanceOf(PieceProtocol.Request.Malformed.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0101 ffffffff, 4294967295 bytes",
    "0101 00001005, 4101 bytes",
    "0101 00000030, 48 bytes",
    "0103 00000046, tag 3",
    "0141 0000000f, tag 65",
  })
  void anAnswersHeaderIsCheckedBeforeItIsRead(String header, String message) {
    assertThatThrownBy(() -> PieceProtocol.answerBytes(bytes(header), 1))
        .isInstanceOf(PieceProtocol.ProtocolException.class)
        .hasMessageContaining(message);
  }

  @Test
  void anAnswerWhoseTextsDoNotFitIsRefused() {
    for (String metadata :
        new String[] {
          "0000002e 00000000 0000000000000000 0000000000000001 00000000 00000000 01"
              + "0000000000000000 0000000000000000",
          "0000002d 00000000 0000000000000000 0000000000000001 ffffffff 00000000 01"
              + "0000000000000000 0000000000000000",
          "0000002d 00000000 0000000000000000 0000000000000001 00000002 00000000 01"
              + "0000000000000000 0000000000000000",
        }) {
      ByteBuffer answer = bytes("0101 00000031" + metadata);
      assertThatThrownBy(
              () -> PieceProtocol.decodeAnswer(answer, PieceProtocol.answerBytes(answer, 1)))
          .isInstanceOf(PieceProtocol.ProtocolException.class);
    }
  }

  @Test
  void anAnswerMayHaveNoDigest() throws Exception {
    ByteBuffer answer =
        bytes(
            "0101 00000031 0000002d 00000004 0000000000000008 0000000000000002 00000000 00000000"
                + "01 0000000000000000 0000000000000000");
    assertThat(PieceProtocol.decodeAnswer(answer, PieceProtocol.answerBytes(answer, 1)))
        .isEqualTo(new PieceProtocol.Answer.Piece(4, 8, 2, Optional.empty(), ""));
  }
}
