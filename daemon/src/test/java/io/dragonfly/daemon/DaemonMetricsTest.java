package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DaemonMetricsTest {
  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;

  @Test
  void sizesFallIntoUpstreamsLevels() {
    assertThat(DaemonMetrics.sizeLevel(0)).isZero();
    assertThat(DaemonMetrics.sizeLevel(1)).isEqualTo(1);
    assertThat(DaemonMetrics.sizeLevel(MIB)).isEqualTo(2);
    assertThat(DaemonMetrics.sizeLevel(4 * MIB)).isEqualTo(3);
    assertThat(DaemonMetrics.sizeLevel(8 * MIB)).isEqualTo(4);
    assertThat(DaemonMetrics.sizeLevel(GIB - 1)).isEqualTo(10);
    assertThat(DaemonMetrics.sizeLevel(GIB)).isEqualTo(11);
    assertThat(DaemonMetrics.sizeLevel(4 * GIB)).isEqualTo(12);
    assertThat(DaemonMetrics.sizeLevel(1024 * GIB - 1)).isEqualTo(19);
    assertThat(DaemonMetrics.sizeLevel(1024 * GIB)).isEqualTo(20);
    assertThat(DaemonMetrics.sizeLevel(Long.MAX_VALUE)).isEqualTo(20);
  }
}
