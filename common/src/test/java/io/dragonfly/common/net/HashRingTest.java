package io.dragonfly.common.net;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.id.TaskId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HashRingTest {
  private static final InetSocketAddress ONE = address("10.0.0.1", 8002);
  private static final InetSocketAddress TWO = address("10.0.0.2", 8002);
  private static final InetSocketAddress THREE = address("10.0.0.3", 8002);

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 2c30ce45aaaf7546",
    "10.0.0.1, 9948a09af7ec8dee",
    "10.0.0.2, 3c5a35daa4177512",
    "10.0.0.3, 3fb2e2c7ee4f0057",
    "10.1.2.3, ea9ca233af898ee5",
    "192.168.1.10, 66bb86f995f476ca",
    "2001:db8::1, 7594c522abec20ee",
    "fe80::1, c22a48a0e76187c0",
  })
  void pointsOfAddressesAgreeWithUpstream(String ip, String hash) {
    assertThat(HashRing.hash(address(ip, 8002))).isEqualTo(Long.parseUnsignedLong(hash, 16));
  }

  @ParameterizedTest
  @CsvSource({
    "00000, 32266d2bbc957c60, 10.0.0.2",
    "abcde, f4cdb0a996a23a5e, 10.0.0.2",
    "12345, 4e9d735f863c6067, 10.0.0.1",
    "fffff, fe327ff26d77028c, 10.0.0.2",
    "3a7bd, f64155d3082cc450, 10.0.0.2",
  })
  void keysAndChoicesAgreeWithUpstream(String prefix, String hash, String ip) {
    TaskId task = new TaskId(prefix + "0123456789");

    assertThat(HashRing.hash(task)).isEqualTo(Long.parseUnsignedLong(hash, 16));
    assertThat(HashRing.of(List.of(ONE, TWO, THREE)).pick(task)).isEqualTo(address(ip, 8002));
    assertThat(HashRing.of(List.of(THREE, ONE, TWO, ONE)).pick(task)).isEqualTo(address(ip, 8002));
  }

  @Test
  void onlyTheFirstFiveCharactersOfATaskCount() {
    assertThat(HashRing.hash(new TaskId("abcdeXYZ"))).isEqualTo(HashRing.hash(new TaskId("abcde")));
    assertThat(HashRing.hash(new TaskId("abcd"))).isNotEqualTo(HashRing.hash(new TaskId("abcde")));
  }

  @Test
  void aShortTaskIdFindsAnAddress() {
    assertThat(HashRing.of(List.of(ONE)).pick(new TaskId("a"))).isEqualTo(ONE);
  }

  @Test
  void theOrderBeginsWithTheChoiceAndGoesRoundTheRing() {
    HashRing ring = HashRing.of(List.of(ONE, TWO, THREE, TWO));

    assertThat(ring.inOrder(new TaskId("12345"))).containsExactly(ONE, TWO, THREE);
    assertThat(ring.inOrder(new TaskId("00000"))).containsExactly(TWO, THREE, ONE);
  }

  @Test
  void aRingNeedsResolvedAddresses() {
    assertThatThrownBy(() -> HashRing.of(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one");
    assertThatThrownBy(
            () -> HashRing.of(List.of(InetSocketAddress.createUnresolved("scheduler", 8002))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scheduler is not resolved");
  }

  /**
   * The reference vector of SipHash's authors needs a key of theirs; these are for the key 0, 0.
   */
  @ParameterizedTest
  @CsvSource({"'', 1e924b9d737700d7", "Hello world, c9e8a3021f3822d9"})
  void sipHashWithoutKeyAgreesWithPublishedValues(String text, String hash) {
    assertThat(HexFormat.of().toHexDigits(SipHash24.hash(text.getBytes(US_ASCII)))).isEqualTo(hash);
  }

  private static InetSocketAddress address(String ip, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }
}
