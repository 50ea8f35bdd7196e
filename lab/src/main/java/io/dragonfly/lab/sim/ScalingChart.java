package io.dragonfly.lab.sim;

import io.dragonfly.lab.chart.Chart;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** How close swarms of growing size come to what the links allow, as an SVG. */
final class ScalingChart {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 360;

  /**
   * One size.
   *
   * @param half the discrete bound's part of the time of half of the downloads
   * @param last T*'s part of the time of 99 of 100
   * @param millis CPU time of the simulation for each host
   */
  record Point(int hosts, double half, double last, double millis) {}

  private final List<Point> points;

  ScalingChart(List<Point> points) {
    this.points = List.copyOf(points);
  }

  String svg() {
    Chart chart = new Chart(WIDTH, HEIGHT, "simulated: bound / p50 (orange), T* / p99 (grey)");
    for (int tenth = 0; tenth <= 10; tenth += 2) {
      chart.row(tenth / 10.0, String.format(Locale.ROOT, "%.1f", tenth / 10.0));
    }
    for (int i = 0; i < points.size(); i++) {
      chart.below(
          x(i),
          String.format(
              Locale.ROOT, "%d (%.0f ms a host)", points.get(i).hosts(), points.get(i).millis()));
    }
    curve(chart, Point::half, "#c60", "bound / p50");
    curve(chart, Point::last, "#888", "T* / p99");
    return chart.svg();
  }

  private void curve(Chart chart, ToDoubleFunction<Point> value, String colour, String name) {
    chart.beginCurve(colour);
    for (int i = 0; i < points.size(); i++) {
      chart.point(x(i), value.applyAsDouble(points.get(i)));
    }
    chart.endCurve(name);
  }

  private double x(int place) {
    return (place + 0.5) / points.size();
  }
}
