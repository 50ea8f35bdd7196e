package io.dragonfly.lab.swarm;

import java.util.Locale;

/** How far each peer was over time, as an SVG, with the fluid and the discrete bound. */
final class ProgressChart {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 420;
  private static final int LEFT = 50;
  private static final int BOTTOM = 40;
  private static final int TOP = 30;
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
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n"
            .formatted(WIDTH, HEIGHT));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    svg.append(
        "<text x=\"%d\" y=\"18\">%s: each peer's part of the content over time</text>%n"
            .formatted(LEFT, outcome.contender()));
    axes(svg);
    bound(svg, bounds.fluid(), "T*", "#888");
    bound(svg, bounds.discrete(), "discrete", "#c60");
    int count = outcome.peers().size();
    for (int i = 0; i < count; i++) {
      curve(svg, outcome.peers().get(i), i * 360 / count);
    }
    return svg.append("</svg>\n").toString();
  }

  private void axes(StringBuilder svg) {
    for (int i = 0; i <= TICKS; i++) {
      double seconds = end * i / TICKS;
      line(svg, x(seconds), y(0), x(seconds), y(1), "#eee");
      line(svg, x(0), y((double) i / TICKS), x(end), y((double) i / TICKS), "#eee");
      text(svg, x(seconds) - 8, y(0) + 18, String.format(Locale.ROOT, "%.1f s", seconds));
      text(svg, 8, y((double) i / TICKS) + 4, i * 100 / TICKS + " %");
    }
  }

  private void bound(StringBuilder svg, double seconds, String name, String colour) {
    line(svg, x(seconds), y(0), x(seconds), y(1), colour);
    text(svg, x(seconds) + 3, TOP + 10, name);
  }

  private void curve(StringBuilder svg, Outcome.Peer peer, int hue) {
    svg.append("<polyline fill=\"none\" stroke=\"hsl(%d,70%%,45%%)\" points=\"".formatted(hue));
    for (Outcome.Sample sample : peer.samples()) {
      svg.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(sample.seconds()), y(sample.part())));
    }
    svg.append("\"><title>").append(peer.name()).append("</title></polyline>\n");
  }

  private static void line(
      StringBuilder svg, double x1, double y1, double x2, double y2, String colour) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>%n",
            x1,
            y1,
            x2,
            y2,
            colour));
  }

  private static void text(StringBuilder svg, double x, double y, String text) {
    svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\">%s</text>%n", x, y, text));
  }

  private double x(double seconds) {
    return LEFT + seconds / end * (WIDTH - LEFT - 20);
  }

  private double y(double part) {
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP);
  }
}
