package io.dragonfly.lab.swarm;

import io.dragonfly.lab.chart.Chart;
import java.util.Locale;

/** How far each peer was over time, as an SVG, with the fluid and the discrete bound. */
final class ProgressChart {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 420;
  private static final int TICKS = 10;

  private final Outcome outcome;
  private final Bounds bounds;
  private final double end;

  ProgressChart(Outcome outcome, Bounds bounds) {
    this.outcome = outcome;
    this.bounds = bounds;
    double last = bounds.discrete();
    for (Outcome.Peer peer : outcome.peers()) {
      last = Math.max(last, peer.samples().getLast().seconds());
    }
    this.end = last * 1.02;
  }

  String svg() {
    Chart chart =
        new Chart(
            WIDTH, HEIGHT, outcome.contender() + ": each peer's part of the content over time");
    for (int i = 0; i <= TICKS; i++) {
      double part = (double) i / TICKS;
      chart.column(part);
      chart.below(part, String.format(Locale.ROOT, "%.1f s", end * part));
      chart.row(part, i * 100 / TICKS + " %");
    }
    chart.mark(bounds.fluid() / end, "T*", "#888");
    chart.mark(bounds.discrete() / end, "discrete", "#c60");
    int count = outcome.peers().size();
    for (int i = 0; i < count; i++) {
      curve(chart, outcome.peers().get(i), i * 360 / count);
    }
    return chart.svg();
  }

  private void curve(Chart chart, Outcome.Peer peer, int hue) {
    chart.beginCurve("hsl(%d,70%%,45%%)".formatted(hue));
    for (Outcome.Sample sample : peer.samples()) {
      chart.point(sample.seconds() / end, sample.part());
    }
    chart.endCurve(peer.name());
  }
}
