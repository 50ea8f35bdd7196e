package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.link.DownloadRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskPaceTest {
  private static final DownloadRequest FREE =
      DownloadRequest.of(new TaskId("0123456789abcdef"), "http://h/f");
  private static final DownloadRequest SLOW = FREE.withBytesPerSecond(1 << 20);
  private static final DownloadRequest SLOWER = FREE.withBytesPerSecond(1 << 19);

  private final DownloadRates rates = DownloadRates.unlimited();
  private final TaskPace pace = new TaskPace(rates, "task");

  private int grain() {
    return pace.fromParents().grain(1 << 20);
  }

  @Test
  void theCallerThatAllowsTheMostCounts() {
    assertThat(grain()).isEqualTo(1 << 20);
    assertThat(pace.lanes()).isEqualTo(Integer.MAX_VALUE);
    pace.serve(List.of(SLOWER));
    assertThat(grain()).isEqualTo(2048);
    assertThat(pace.lanes()).isEqualTo(2);
    pace.serve(List.of(SLOWER, SLOW));
    assertThat(grain()).isEqualTo(4096);
    pace.serve(List.of(SLOWER, FREE));
    assertThat(grain()).isEqualTo(1 << 20);
    pace.serve(List.of(SLOW));
    pace.serve(List.of());
    assertThat(grain()).as("till the next caller, or the end").isEqualTo(4096);
  }

  @Test
  void whatIsReadAtTheOriginObeysBothLimits() {
    rates.download().bytesPerSecond(1_000_000);
    rates.backToSource().bytesPerSecond(500_000);

    assertThat(pace.fromOrigin().reserve(100_000_000)).isGreaterThan(190_000_000_000L);
    assertThat(rates.download().reserve("other", 1_000_000)).isGreaterThan(1_000_000_000L);
  }

  @Test
  void onlyWhatNobodyWaitsForIsHeldBackByThePrefetchLimit() {
    rates.prefetch().bytesPerSecond(1);
    pace.serve(List.of(FREE));
    assertThat(pace.fromParents().reserve(1000)).isZero();

    pace.serve(List.of(Requests.prefetch(FREE)));
    assertThat(pace.fromParents().reserve(1000)).isGreaterThan(900_000_000_000L);
    assertThat(rates.prefetch().bytesPerSecond()).isLessThan(FairBucket.UNLIMITED);

    pace.serve(List.of(Requests.prefetch(FREE), FREE));
    assertThat(pace.fromParents().reserve(1000)).isZero();
  }
}
