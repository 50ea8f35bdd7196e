package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.InvalidRangeException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Range, Content-Range and digests as anybody may write them. */
final class RangeFuzzTest {
  private static final long[] LENGTHS = {0, 1, 5, 1000, 1L << 40, Long.MAX_VALUE};

  static Stream<byte[]> ranges() {
    return Stream.of(
            "bytes=0-99",
            "bytes=5-",
            "bytes=-7",
            "bytes=0-0,5-9 , -3",
            "Bytes=9223372036854775807-9223372036854775807",
            "bytes=99999999999999999999-")
        .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
  }

  static Stream<byte[]> contentRanges() {
    return Stream.of(
            "bytes 0-99/1000",
            "bytes 0-0/*",
            "bytes */1000",
            "bytes=1-2/3",
            "bytes 999999999999999998-999999999999999999/*")
        .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
  }

  static Stream<byte[]> digests() {
    return Stream.of(
            "crc32:305419896",
            "md5:" + "0f".repeat(16),
            "sha256:" + "a1".repeat(32),
            "sha512:" + "b2".repeat(64))
        .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String text(byte[] input) {
    return new String(input, StandardCharsets.ISO_8859_1);
  }

  @MethodSource("ranges")
  @FuzzTest(maxDuration = "1m")
  void range(byte[] input) {
    for (long length : LENGTHS) {
      try {
        ByteRange range = ByteRange.parse(text(input), length);
        assertThat(range.endExclusive()).isLessThanOrEqualTo(length);
      } catch (InvalidRangeException e) {
        assertThat(e.getMessage()).hasSizeLessThan(250);
      }
    }
  }

  @MethodSource("contentRanges")
  @FuzzTest(maxDuration = "1m")
  void contentRange(byte[] input) {
    ContentRange.parse(text(input))
        .ifPresent(range -> {
          assertThat(range.part().isPresent() || range.total().isPresent()).isTrue();
          range
              .part()
              .ifPresent(part -> {
                assertThat(part.first()).isNotNegative();
                assertThat(part.length()).isPositive();
                range.total().ifPresent(total -> assertThat(part.last()).isLessThan(total));
              });
        });
  }

  @MethodSource("digests")
  @FuzzTest(maxDuration = "1m")
  void digest(byte[] input) {
    try {
      Digest digest = Digest.parse(text(input));
      assertThat(Digest.parse(digest.toString())).isEqualTo(digest);
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void rangesThatAreNearlyRight() {
    Mutations.tryAll(ranges(), this::range);
  }

  @Test
  void contentRangesThatAreNearlyRight() {
    Mutations.tryAll(contentRanges(), this::contentRange);
  }

  @Test
  void digestsThatAreNearlyRight() {
    Mutations.tryAll(digests(), this::digest);
  }
}
