package io.dragonfly.lab.chart;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;

/**
 * A frame with room for labels at its left and below, into which lines are drawn. Places in the
 * frame are parts of it, from 0 at the left and below to 1; {@link #x} and {@link #y} make pixels
 * of them.
 */
public final class Chart {
  private static final int LEFT = 50;
  private static final int RIGHT = 20;
  private static final int BOTTOM = 40;
  private static final int TOP = 30;
  private static final int TITLE = 18;

  /** Pixels between the frame and what stands below it. */
  private static final int BELOW = 18;

  private static final int MARGIN = 8;

  private final int width;
  private final int height;
  private final StringBuilder svg = new StringBuilder();

  /** An empty chart of so many pixels. */
  public Chart(int width, int height, String title) {
    this.width = width;
    this.height = height;
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
            + " font-family=\"sans-serif\" font-size=\"12\">%n"
            + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
        width, height);
    text(LEFT, TITLE, title);
  }

  /** Pixels from the left. */
  public double x(double part) {
    return LEFT + part * (width - LEFT - RIGHT);
  }

  /** Pixels from above. */
  public double y(double part) {
    return height - BOTTOM - part * (height - BOTTOM - TOP);
  }

  /** A line from below to above, with a label beside its upper end. */
  public void mark(double x, String label, String colour) {
    line(x(x), y(0), x(x), y(1), colour);
    text(x(x) + 3, TOP + 10, label);
  }

  /** A faint line from below to above. */
  public void column(double x) {
    line(x(x), y(0), x(x), y(1), "#eee");
  }

  /** A label below the frame. */
  public void below(double x, String label) {
    text(x(x) - MARGIN, y(0) + BELOW, label);
  }

  /** A faint line from left to right, with a label. */
  public void row(double y, String label) {
    line(x(0), y(y), x(1), y(y), "#eee");
    text(MARGIN, y(y) + 4, label);
  }

  /** Begins a line through the points that follow. */
  public void beginCurve(String colour) {
    add("<polyline fill=\"none\" stroke=\"%s\" points=\"", colour);
  }

  /** The next point of the line that was begun. */
  public void point(double x, double y) {
    add("%.1f,%.1f ", x(x), y(y));
  }

  /** Ends the line; {@code name} is shown to who points at it. */
  public void endCurve(String name) {
    add("\"><title>%s</title></polyline>%n", name);
  }

  /** What there is, as a file. */
  public String svg() {
    return svg + "</svg>\n";
  }

  private void line(double x1, double y1, double x2, double y2, String colour) {
    add(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>%n",
        x1, y1, x2, y2, colour);
  }

  private void text(double x, double y, String text) {
    add("<text x=\"%.1f\" y=\"%.1f\">%s</text>%n", x, y, text);
  }

  @FormatMethod
  private void add(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values));
  }
}
