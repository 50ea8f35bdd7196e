package io.dragonfly.lab.sim;

import java.util.List;
import java.util.Locale;

/** How close swarms of growing size come to what the links allow, as an SVG. */
final class ScalingChart {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 360;
  private static final int LEFT = 50;
  private static final int BOTTOM = 40;
  private static final int TOP = 30;

  /**
   * One size.
   *
   * @param half the discrete bound's part of the time of half of the downloads
   * @param last T*'s part of the time of 99 of 100
   */
  record Point(int hosts, double half, double last) {}

  private final List<Point> points;

  ScalingChart(List<Point> points) {
    this.points = List.copyOf(points);
  }

  String svg() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                + " font-family=\"sans-serif\" font-size=\"12\">%n"
                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n"
                + "<text x=\"%d\" y=\"18\">simulated: bound / p50 (orange), T* / p99 (grey)</text>%n",
            WIDTH,
            HEIGHT,
            LEFT));
    for (int tenth = 0; tenth <= 10; tenth += 2) {
      double y = y(tenth / 10.0);
      svg.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#eee\"/>"
                  + "<text x=\"8\" y=\"%.1f\">%.1f</text>%n",
              LEFT,
              y,
              WIDTH - 20,
              y,
              y + 4,
              tenth / 10.0));
    }
    for (int i = 0; i < points.size(); i++) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%.1f\" y=\"%d\">%d</text>%n",
              x(i) - 10,
              HEIGHT - BOTTOM + 18,
              points.get(i).hosts()));
    }
    curve(svg, points.stream().map(Point::half).toList(), "#c60");
    curve(svg, points.stream().map(Point::last).toList(), "#888");
    return svg.append("</svg>\n").toString();
  }

  private void curve(StringBuilder svg, List<Double> values, String colour) {
    svg.append("<polyline fill=\"none\" stroke=\"").append(colour).append("\" points=\"");
    for (int i = 0; i < values.size(); i++) {
      svg.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(i), y(values.get(i))));
    }
    svg.append("\"/>\n");
  }

  private double x(int place) {
    return LEFT + (place + 0.5) * (WIDTH - LEFT - 20) / points.size();
  }

  private static double y(double part) {
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP);
  }
}
