package io.dragonfly.common.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplicatedRingTest {
  private static final List<String> SEEDS =
      List.of("10.0.0.1:4000", "10.0.0.2:4000", "10.0.0.3:4000");

  @Test
  void pointsAgreeWithUpstream() {
    assertThat(ReplicatedRing.crc32("010.0.0.1:4000")).isEqualTo(0xdec4a9afL);
  }

  @ParameterizedTest
  @CsvSource({
    "5844f27a257287e9b734256bb25603d8005422ced8c0377f15063ec11963b25f, dc5ce62b, 10.0.0.2:4000",
    "06408fbf247ddaca478f8cb9565fe5591c28efd0994b8fea80a6a87d3203c5ca, b9ac812f, 10.0.0.1:4000",
    "3c3f230ef9f191dd2821510346a7bc138e4894bee9aee184ba250a3040701d2a, 3fd709d1, 10.0.0.2:4000",
    "abc, 352441c2, 10.0.0.3:4000",
    "'', 0, 10.0.0.3:4000",
  })
  void choicesAgreeWithUpstream(String key, String crc32, String address) {
    assertThat(ReplicatedRing.crc32(key)).isEqualTo(Long.parseLong(crc32, 16));
    assertThat(new ReplicatedRing(SEEDS).pick(key)).isEqualTo(address);
    assertThat(new ReplicatedRing(SEEDS.reversed()).pick(key)).isEqualTo(address);
  }

  @Test
  void theOrderBeginsWithTheChoiceAndHasEveryAddressOnce() {
    ReplicatedRing ring = new ReplicatedRing(List.of("a:1", "b:1", "c:1", "a:1"));

    for (int i = 0; i < 100; i++) {
      String key = "task-" + i;
      assertThat(ring.inOrder(key))
          .containsExactlyInAnyOrder("a:1", "b:1", "c:1")
          .startsWith(ring.pick(key));
    }
  }

  @Test
  void onlyTheTasksOfALostSeedMove() {
    ReplicatedRing all = new ReplicatedRing(SEEDS);
    ReplicatedRing two = new ReplicatedRing(SEEDS.subList(0, 2));

    for (int i = 0; i < 100; i++) {
      String key = "task-" + i;
      if (!all.pick(key).equals(SEEDS.get(2))) {
        assertThat(two.pick(key)).isEqualTo(all.pick(key));
      } else {
        assertThat(two.pick(key)).isEqualTo(all.inOrder(key).get(1));
      }
    }
  }

  @Test
  void aRingNeedsAnAddress() {
    assertThatThrownBy(() -> new ReplicatedRing(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
