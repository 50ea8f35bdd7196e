package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.link.HostInfo.NetworkUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkSamplerTest {
  private static final long SECOND = 1_000_000_000;

  @TempDir Path root;
  private final AtomicLong now = new AtomicLong(1);
  private Path card;

  @BeforeEach
  void makeCard() throws IOException {
    card = root.resolve("sys/class/net/eth0");
    Files.createDirectories(card.resolve("statistics"));
    Files.writeString(card.resolve("speed"), "1000\n");
    count(1000, 2000);
  }

  private void count(long received, long sent) throws IOException {
    Files.writeString(card.resolve("statistics/rx_bytes"), received + "\n");
    Files.writeString(card.resolve("statistics/tx_bytes"), sent + "\n");
  }

  private NetworkSampler sampler(long uploadLimit) {
    return new NetworkSampler(
        new SystemFiles(root), now::get, Optional.of("eth0"), () -> uploadLimit);
  }

  @Test
  void ratesAreBitsPerSecondSinceTheLastLook() throws IOException {
    NetworkSampler sampler = sampler(Long.MAX_VALUE);
    assertThat(sampler.sample()).isEqualTo(new NetworkUse(1_000_000_000, 0, 1_000_000_000, 0));
    count(1000 + 500, 2000 + 1000);
    now.addAndGet(2 * SECOND);
    assertThat(sampler.sample())
        .isEqualTo(new NetworkUse(1_000_000_000, 2000, 1_000_000_000, 4000));
  }

  @Test
  void looksCloseTogetherShareOneMeasurement() throws IOException {
    NetworkSampler sampler = sampler(Long.MAX_VALUE);
    NetworkUse first = sampler.sample();
    count(5000, 5000);
    now.addAndGet(SECOND / 10);
    assertThat(sampler.sample()).isSameAs(first);
  }

  @Test
  void theConfiguredLimitCapsWhatIsAnnounced() {
    assertThat(sampler(1000).sample().maxSend()).isEqualTo(8000);
  }

  @Test
  void aCounterThatWasResetCountsAsNothing() throws IOException {
    NetworkSampler sampler = sampler(Long.MAX_VALUE);
    sampler.sample();
    count(0, 0);
    now.addAndGet(SECOND);
    assertThat(sampler.sample().receive()).isZero();
  }
}
