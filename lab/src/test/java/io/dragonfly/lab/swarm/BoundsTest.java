package io.dragonfly.lab.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.shaped.Rate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class BoundsTest {
  private static final double GOODPUT = 12_000_000;

  private static SwarmOptions options(int peers, String rate, String seedRate, String originRate) {
    return new SwarmOptions(
        peers,
        Rate.parse(rate),
        Rate.parse(seedRate),
        Rate.parse(originRate),
        Duration.ZERO,
        120_000_000,
        1,
        Duration.ZERO,
        List.of(),
        Optional.empty(),
        Launcher.ofClassPath(),
        Path.of("work"),
        Path.of("report"));
  }

  @Test
  void equalLinksAreBoundByOneCopyOverOneLink() {
    Bounds bounds = Bounds.of(options(10, "100mbit", "100mbit", "100mbit"), GOODPUT, 30);
    assertThat(bounds.fluid()).isCloseTo(10, within(1e-9));
    // The seed's hop and the three of a tree of ten.
    assertThat(bounds.discrete()).isCloseTo(10 * (1 + 4 / 30.0), within(1e-9));
  }

  @Test
  void aSlowOriginBindsEverybody() {
    Bounds bounds = Bounds.of(options(10, "100mbit", "100mbit", "50mbit"), GOODPUT, 30);
    assertThat(bounds.fluid()).isCloseTo(20, within(1e-9));
    assertThat(bounds.term()).contains("origin");
  }

  @Test
  void oneHostHasOneHop() {
    Bounds bounds = Bounds.of(options(1, "100mbit", "100mbit", "100mbit"), GOODPUT, 10);
    assertThat(bounds.discrete()).isCloseTo(11, within(1e-9));
  }

  @Test
  void percentilesAreNearestRanks() {
    List<Outcome.Peer> peers =
        List.of(4.0, 1.0, 3.0, 2.0).stream()
            .map(seconds -> new Outcome.Peer("p", seconds, List.of()))
            .toList();
    Outcome outcome = new Outcome("x", peers, 0, 0, 0);
    assertThat(outcome.seconds(50)).isEqualTo(2.0);
    assertThat(outcome.seconds(99)).isEqualTo(4.0);
    assertThat(outcome.seconds(100)).isEqualTo(4.0);
  }
}
