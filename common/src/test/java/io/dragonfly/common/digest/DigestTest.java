package io.dragonfly.common.digest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
  private static final String SHA512_ABC =
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

  @ParameterizedTest
  @CsvSource({
    "crc32:891568578",
    "md5:900150983cd24fb0d6963f7d28e17f72",
    "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha512:" + SHA512_ABC,
  })
  void calculatorsAgreeWithThePublishedValuesOfAbc(String text) {
    Digest digest = Digest.parse(text);
    Digest.Calculator calculator = digest.newCalculator();

    calculator.update(ByteBuffer.wrap("ab".getBytes(US_ASCII)));
    calculator.update(ByteBuffer.allocateDirect(1).put((byte) 'c').flip());

    assertThat(calculator.result()).isEqualTo(digest).hasToString(text);
  }

  @Test
  void aCalculatorStartsAnewAfterItsResult() {
    for (Algorithm algorithm : Algorithm.values()) {
      Digest.Calculator calculator = algorithm.newCalculator();
      Digest empty = calculator.result();
      calculator.update(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertThat(calculator.result()).isNotEqualTo(empty);
      assertThat(calculator.result()).isEqualTo(empty);
    }
  }

  @Test
  void calculatorsTakeAllOfTheBuffer() {
    ByteBuffer buffer = ByteBuffer.allocate(10).position(4);

    Algorithm.SHA256.newCalculator().update(buffer);

    assertThat(buffer.hasRemaining()).isFalse();
  }

  @Test
  void crc32HasAnyWidthAndNoLeadingZerosOfItsOwn() {
    assertThat(Digest.parse("crc32:0000000007")).isEqualTo(Digest.crc32(7)).hasToString("crc32:7");
    assertThat(Digest.parse("crc32:4294967295")).isEqualTo(Digest.crc32(0xFFFF_FFFFL));
    assertThat(Digest.parse("crc32:0")).isEqualTo(Digest.crc32(0));
  }

  @Test
  void hexIsReadInEitherCase() {
    String hex = "AB".repeat(32);

    assertThat(Digest.parse("sha256:" + hex)).hasToString("sha256:" + "ab".repeat(32));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "sha256",
        "sha256:",
        "sha256:abc",
        "sha384:abc",
        "SHA256:abc",
        "crc32:",
        "crc32:-1",
        "crc32:4294967296",
        "crc32:12a",
        "crc32:99999999999999999999999",
        "md5:900150983cd24fb0d6963f7d28e17f7g",
        " sha1:x",
        "crc32: 1"
      })
  void otherTextsAreRefusedWithTheRemedy(String text) {
    assertThatThrownBy(() -> Digest.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("digest '" + text + "' is not valid: ")
        .hasMessageContaining("write");
  }

  @Test
  void digitsOfOtherScriptsAreNoHex() {
    assertThatThrownBy(() -> Digest.parse("md5:" + "\u0661".repeat(32)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void crc32IsUnsigned() {
    assertThatThrownBy(() -> Digest.crc32(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anErrorIsShort() {
    assertThatThrownBy(() -> Digest.parse("x".repeat(10_000) + "\n"))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400).doesNotContain("\n"));
  }
}
