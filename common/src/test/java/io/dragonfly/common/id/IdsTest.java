package io.dragonfly.common.id;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"", ".", "..", ".hidden", "a/b", "a b", "ä", "a\nb", "a:b", "a\\b", "a%2fb"})
  void taskIdsAreSafeFileNames(String text) {
    assertThat(TaskId.parse(text)).isEmpty();
    assertThatThrownBy(() -> new TaskId(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it must be 1 to 256 of");
  }

  @Test
  void taskIdsHaveAtMost256Characters() {
    assertThat(TaskId.parse("x".repeat(256))).isPresent();
    assertThatThrownBy(() -> new TaskId("x".repeat(257)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + "x".repeat(64) + "...'");
  }

  @Test
  void anErrorShowsNoControlCharacters() {
    assertThatThrownBy(() -> new TaskId("a\u001b[31m\n")).hasMessageContaining("'a?[31m?'");
  }

  @Test
  void hostIdsFollowFromAddressAndName() {
    assertThat(HostId.of("10.0.0.1", "node", false).value()).isEqualTo("10.0.0.1-node");
    assertThat(HostId.of("10.0.0.1", "node", true).value()).isEqualTo("10.0.0.1-node-seed");
  }

  @Test
  void peerIdsHaveAUuidOfVersionFour() {
    PeerId peer = PeerId.random("10.0.0.1", "node", false, new Random(1));
    PeerId seed = PeerId.random("10.0.0.1", "node", true, new Random(1));

    UUID uuid = UUID.fromString(peer.value().substring("10.0.0.1-node-".length()));
    assertThat(uuid.version()).isEqualTo(4);
    assertThat(uuid.variant()).isEqualTo(2);
    assertThat(seed.value()).isEqualTo(peer.value() + "-seed");
    assertThat(PeerId.random("10.0.0.1", "node", false, new Random(2))).isNotEqualTo(peer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "a\nb"})
  void hostAndPeerIdsAreNeitherBlankNorMultiline(String text) {
    assertThatThrownBy(() -> new HostId(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("host id");
    assertThatThrownBy(() -> new PeerId(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("peer id");
  }

  @Test
  void hostAndPeerIdsHaveAtMost512Characters() {
    assertThat(new HostId("x".repeat(512)).value()).hasSize(512);
    assertThatThrownBy(() -> new HostId("x".repeat(513)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PeerId("x".repeat(513)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
