package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Frames from anybody: each is taken, waited for or refused, and never believed. */
final class PieceProtocolFuzzTest {
  private static final InetSocketAddress CHILD =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 4006);
  private static final AddressTokens TOKENS = new AddressTokens(() -> true, () -> true);

  static Stream<byte[]> requests() {
    return Stream.of(
            PieceProtocol.encode(new PieceProtocol.Request.Piece(7, TestContent.KEY, 3)),
            PieceProtocol.encode(
                new PieceProtocol.Request.Blocks(
                    9, TestContent.key("abc"), 0x1122334455667788L, 5, 2, 7, true)),
            PieceProtocol.encode(
                new PieceProtocol.Request.Blocks(0, TestContent.KEY, 1, 0, 0, 64, false)),
            ByteBuffer.wrap(new byte[] {1, (byte) PieceProtocol.TAG_CLOSE, 0, 0, 0, 0}))
        .map(PieceProtocolFuzzTest::bytes);
  }

  static Stream<byte[]> answers() {
    StoredPiece piece =
        new StoredPiece(
            3,
            0xc00000,
            0x400000,
            Digest.crc32(305_419_896),
            Optional.empty(),
            TrafficType.BACK_TO_SOURCE,
            "peer-1",
            Duration.ofMillis(2999),
            Instant.ofEpochSecond(0x65000000L));
    TestContent content = TestContent.of(200_000, 1 << 20);
    return Stream.of(
            PieceProtocol.encodePiece(9, Kind.TASK, piece),
            PieceProtocol.encodeBlocks(
                1,
                new PieceProtocol.Answer.Blocks(0, 0, 4, 200_000, Optional.of(content.hashes(0)))),
            PieceProtocol.encodeBlocks(
                1, new PieceProtocol.Answer.Blocks(0, 1, 3, 134_464, Optional.empty())),
            PieceProtocol.encodeError(1, PieceProtocol.CODE_NOT_FOUND, "there is no piece"))
        .map(PieceProtocolFuzzTest::bytes);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /** As a connection does it: what it decodes is what it would have encoded. */
  @MethodSource("requests")
  @FuzzTest(maxDuration = "1m")
  void request(byte[] input) {
    ByteBuffer in = ByteBuffer.wrap(input);
    boolean more = true;
    while (more) {
      int start = in.position();
      Optional<PieceProtocol.Request> request = PieceProtocol.decodeRequest(in);
      more = request.isPresent();
      if (request.isEmpty()) {
        assertThat(in.position()).isEqualTo(start);
        assertThat(in.remaining()).isLessThan(PieceProtocol.MAX_REQUEST_BYTES);
        return;
      }
      ByteBuffer taken = ByteBuffer.wrap(input, start, in.position() - start);
      switch (request.get()) {
        case PieceProtocol.Request.Piece piece ->
            assertThat(PieceProtocol.encode(piece)).isEqualTo(taken);
        case PieceProtocol.Request.Blocks blocks ->
            assertThat(PieceProtocol.encode(blocks).remaining()).isEqualTo(taken.remaining());
        case PieceProtocol.Request.Malformed malformed -> {
          assertThat(malformed.message()).isNotBlank();
          return; // The connection ends.
        }
        case PieceProtocol.Request.Close _ -> {
          return;
        }
      }
    }
  }

  /** As a fetch does it: the header is checked before the rest is read. */
  @MethodSource("answers")
  @FuzzTest(maxDuration = "1m")
  void answer(byte[] input) {
    for (int tag : new int[] {1, 3, 5, PieceProtocol.TAG_BLOCKS_CONTENT}) {
      ByteBuffer in = ByteBuffer.wrap(input);
      if (in.remaining() < PieceProtocol.HEADER_BYTES) {
        return;
      }
      try {
        int bytes = PieceProtocol.answerBytes(in, tag);
        assertThat(bytes).isLessThanOrEqualTo(PieceProtocol.MAX_ANSWER_BYTES);
        if (in.remaining() >= bytes) {
          PieceProtocol.decodeAnswer(in, bytes);
          assertThat(in.position()).isEqualTo(bytes);
        }
      } catch (PieceProtocol.ProtocolException e) {
        assertThat(e).hasMessageStartingWith("it");
      }
    }
  }

  static Stream<byte[]> tokens() {
    ByteBuf token = Unpooled.buffer();
    assertThat(TOKENS.writeToken(token, Unpooled.wrappedBuffer(new byte[20]), CHILD)).isTrue();
    return Stream.of(ByteBufUtil.getBytes(token));
  }

  /** What an address sends back over QUIC: only what was sent to it, and not changed. */
  @MethodSource("tokens")
  @FuzzTest(maxDuration = "1m")
  void token(byte[] input) {
    int id = TOKENS.validateToken(Unpooled.wrappedBuffer(input), CHILD);
    assertThat(id).isIn(-1, TOKENS.maxTokenLength() - 20);
  }

  @Test
  void tokensThatAreNearlyRight() {
    Mutations.tryAll(tokens(), this::token);
  }

  @Test
  void requestsThatAreNearlyRight() {
    Mutations.tryAll(requests(), this::request);
  }

  @Test
  void answersThatAreNearlyRight() {
    Mutations.tryAll(answers(), this::answer);
  }
}
