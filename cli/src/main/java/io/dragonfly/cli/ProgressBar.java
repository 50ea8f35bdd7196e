package io.dragonfly.cli;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.cli.download.ProgressListener;
import java.io.PrintStream;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One line on a terminal that is painted over and over. Nothing is shown for the first moments, so
 * that short downloads stay silent, and nothing is left when it is cleared.
 *
 * <p>The downloading thread brings news, the ticker's thread asks for repaints: a stalled download
 * must not go on showing its old rate.
 */
final class ProgressBar implements ProgressListener {
  private static final long FIRST_PAINT_NANOS = 300_000_000;
  private static final long REPAINT_NANOS = 100_000_000;

  /** How much of the shown rate is older than {@link #SMOOTHING_NANOS}: 1/e. */
  private static final double SMOOTHING_NANOS = 2e9;

  private static final int NARROWEST_BAR = 10;
  private static final int WIDEST_BAR = 60;

  private final PrintStream err;
  private final IntSupplier columns;
  private final LongSupplier nanoTime;
  private final long begin;

  @GuardedBy("this")
  private long length = -1;

  @GuardedBy("this")
  private long bytes;

  @GuardedBy("this")
  private long sampledBytes;

  @GuardedBy("this")
  private long sampledAt;

  @GuardedBy("this")
  private double rate = -1;

  @GuardedBy("this")
  private long paintedAt;

  @GuardedBy("this")
  private int paintedWidth;

  @GuardedBy("this")
  private int width;

  @GuardedBy("this")
  private boolean cleared;

  ProgressBar(PrintStream err, IntSupplier columns, LongSupplier nanoTime) {
    this.err = err;
    this.columns = columns;
    this.nanoTime = nanoTime;
    this.begin = nanoTime.getAsLong();
    this.sampledAt = begin;
    this.paintedAt = begin + FIRST_PAINT_NANOS - REPAINT_NANOS;
  }

  @Override
  public synchronized void started(long contentLength) {
    length = contentLength;
    bytes = 0;
    sampledBytes = 0;
    tick();
  }

  @Override
  public synchronized void progress(long received) {
    bytes = received;
    tick();
  }

  /** Repaints if it is time to. */
  synchronized void tick() {
    long now = nanoTime.getAsLong();
    if (cleared || now - paintedAt < REPAINT_NANOS) {
      return;
    }
    sample(now);
    paintedAt = now;
    if (width == 0) {
      width = columns.getAsInt();
    }
    // The last column stays free: some terminals wrap when it is filled.
    paint(line(length, bytes, Math.max(0, rate), width - 1));
  }

  @GuardedBy("this")
  private void sample(long now) {
    double elapsed = now - sampledAt;
    double current = Math.max(0, bytes - sampledBytes) * 1e9 / elapsed;
    double weight = rate < 0 ? 1 : 1 - Math.exp(-elapsed / SMOOTHING_NANOS);
    rate = Math.max(0, rate) * (1 - weight) + current * weight;
    sampledAt = now;
    sampledBytes = bytes;
  }

  /** Removes the line; nothing is painted afterwards. */
  synchronized void clear() {
    if (!cleared && paintedWidth > 0) {
      err.print("\r" + " ".repeat(paintedWidth) + "\r");
      err.flush();
    }
    cleared = true;
  }

  @GuardedBy("this")
  private void paint(String line) {
    int pad = Math.max(0, paintedWidth - line.length());
    err.print("\r" + line + " ".repeat(pad));
    err.flush();
    paintedWidth = line.length();
  }

  /** The line for a moment, never wider than {@code width}. */
  static String line(long length, long bytes, double rate, int width) {
    String text;
    @Nullable String percent = null;
    if (length < 0) {
      text = Amounts.bytes(bytes) + "  " + Amounts.rate(rate);
    } else {
      long shown = Math.min(bytes, length);
      percent = (length == 0 ? 100 : shown * 100 / length) + "%";
      text = Amounts.bytes(shown) + " of " + Amounts.bytes(length) + "  " + Amounts.rate(rate);
      if (rate >= 1 && shown < length) {
        text += "  eta " + Amounts.time((long) ((length - shown) * 1000.0 / rate));
      }
    }
    if (percent == null) {
      return cut(text, width);
    }
    percent = " ".repeat(4 - percent.length()) + percent;
    int bar = Math.min(WIDEST_BAR, width - percent.length() - text.length() - 5);
    if (bar < NARROWEST_BAR) {
      return cut(percent + "  " + text, width);
    }
    int filled = length == 0 ? bar : (int) (Math.min(bytes, length) * (double) bar / length);
    String head = filled < bar ? ">" : "";
    return percent
        + " ["
        + "=".repeat(filled)
        + head
        + " ".repeat(bar - filled - head.length())
        + "]  "
        + text;
  }

  private static String cut(String text, int width) {
    return text.length() <= width ? text : text.substring(0, Math.max(0, width));
  }
}
