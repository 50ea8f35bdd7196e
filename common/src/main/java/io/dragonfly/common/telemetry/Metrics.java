package io.dragonfly.common.telemetry;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;

/**
 * The metrics of one role instance, in a registry of its own. A metric is declared once, by the
 * name that upstream has for it; declaring a name twice throws {@link IllegalArgumentException}.
 */
public final class Metrics {
  private final String prefix;
  private final PrometheusRegistry registry;
  private final CounterTypes types;
  private final List<Runnable> resets;
  private final PrometheusTextFormatWriter writer =
      PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build();

  /**
   * Makes an empty registry.
   *
   * @param prefix begins every name: {@code dragonfly_scheduler_}
   */
  public Metrics(String prefix) {
    this(prefix, new PrometheusRegistry(), new CounterTypes(), new CopyOnWriteArrayList<>());
  }

  private Metrics(
      String prefix, PrometheusRegistry registry, CounterTypes types, List<Runnable> resets) {
    this.prefix = Objects.requireNonNull(prefix, "prefix is null");
    this.registry = registry;
    this.types = types;
    this.resets = resets;
  }

  /** The same metrics, for declaring more of them under names that begin otherwise. */
  public Metrics withPrefix(String other) {
    return new Metrics(other, registry, types, resets);
  }

  /** Adds those of the JVM and the process; for one role of a process only. */
  public Metrics withJvm() {
    JvmMetrics.builder().register(registry);
    return this;
  }

  /** Adds CPU time, memory, open files and start of the process, under the usual names. */
  public Metrics withProcess() {
    ProcessMetrics.builder().register(registry);
    return this;
  }

  /** Something that only grows. It is shown under exactly the given name, as a counter. */
  public Series<CounterDataPoint> counter(String name, String help, Label... labels) {
    if (name.endsWith("_total")) {
      var counter =
          Counter.builder()
              .name(prefix + name)
              .help(help)
              .labelNames(names(labels))
              .withoutExemplars()
              .register(registry);
      return resettable(
          new Series<>(
              List.of(labels),
              values -> values.length == 0 ? counter : counter.labelValues(values),
              counter::clear));
    }
    // The library would append _total to the name of a counter.
    Gauge gauge = newGauge(name, help, labels);
    types.add(prefix + name);
    return resettable(
        new Series<>(
            List.of(labels),
            values -> new Growing(values.length == 0 ? gauge : gauge.labelValues(values)),
            gauge::clear));
  }

  /** Something that only grows and is asked for when the metrics are read; must not block. */
  public void counter(String name, String help, DoubleSupplier total) {
    DoubleSupplier sinceReset = new SinceReset(total);
    if (name.endsWith("_total")) {
      CounterWithCallback.builder()
          .name(prefix + name)
          .help(help)
          .callback(callback -> callback.call(sinceReset.getAsDouble()))
          .register(registry);
    } else {
      gauge(name, help, sinceReset);
      types.add(prefix + name);
    }
  }

  /** Something that goes up and down. */
  public Series<GaugeDataPoint> gauge(String name, String help, Label... labels) {
    Gauge gauge = newGauge(name, help, labels);
    return new Series<>(
        List.of(labels),
        values -> values.length == 0 ? gauge : gauge.labelValues(values),
        gauge::clear);
  }

  /** A number that is asked for when the metrics are read; must not block. */
  public void gauge(String name, String help, DoubleSupplier value) {
    GaugeWithCallback.builder()
        .name(prefix + name)
        .help(help)
        .callback(callback -> callback.call(value.getAsDouble()))
        .register(registry);
  }

  /** A distribution counted in buckets with the given upper bounds, ascending. */
  public Series<DistributionDataPoint> histogram(
      String name, String help, double[] upperBounds, Label... labels) {
    var histogram =
        Histogram.builder()
            .name(prefix + name)
            .help(help)
            .labelNames(names(labels))
            .classicOnly()
            .classicUpperBounds(upperBounds.clone())
            .withoutExemplars()
            .register(registry);
    return resettable(
        new Series<>(
            List.of(labels),
            values -> values.length == 0 ? histogram : histogram.labelValues(values),
            histogram::clear));
  }

  /** A distribution shown as the quantiles 0.5, 0.9, 0.95 and 0.99 of the last minutes. */
  public Series<DistributionDataPoint> summary(String name, String help, Label... labels) {
    var summary =
        Summary.builder()
            .name(prefix + name)
            .help(help)
            .labelNames(names(labels))
            .quantile(0.5, 0.05)
            .quantile(0.9, 0.01)
            .quantile(0.95, 0.005)
            .quantile(0.99, 0.001)
            .withoutExemplars()
            .register(registry);
    return resettable(
        new Series<>(
            List.of(labels),
            values -> values.length == 0 ? summary : summary.labelValues(values),
            summary::clear));
  }

  /** Bounds that begin at a number and grow by a factor: 1, 2, 4, ... */
  public static double[] exponentialBounds(double first, double factor, int count) {
    double[] bounds = new double[count];
    double bound = first;
    for (int i = 0; i < count; i++) {
      bounds[i] = bound;
      bound *= factor;
    }
    return bounds;
  }

  /**
   * Forgets what was counted and measured. Gauges say what is now, so they stay. What somebody
   * counts at this very moment may be lost, and so are data points with labels that were kept.
   */
  void reset() {
    resets.forEach(Runnable::run);
  }

  private <P> Series<P> resettable(Series<P> series) {
    resets.add(series::reset);
    return series;
  }

  /** For instrumentation that registers itself. */
  public PrometheusRegistry registry() {
    return registry;
  }

  /** All metrics in Prometheus' text format. */
  byte[] text() {
    var out = new ByteArrayOutputStream(16 * 1024);
    try {
      writer.write(out, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return types.correct(out.toString(StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
  }

  String contentType() {
    return writer.getContentType();
  }

  private Gauge newGauge(String name, String help, Label... labels) {
    return Gauge.builder()
        .name(prefix + name)
        .help(help)
        .labelNames(names(labels))
        .withoutExemplars()
        .register(registry);
  }

  private static String[] names(Label... labels) {
    String[] names = new String[labels.length];
    for (int i = 0; i < labels.length; i++) {
      names[i] = labels[i].name();
    }
    return names;
  }

  /** A total of somebody else's, without what it was at the last reset. */
  private final class SinceReset implements DoubleSupplier {
    private final DoubleSupplier total;
    private volatile double before;

    SinceReset(DoubleSupplier total) {
      this.total = total;
      resets.add(() -> before = total.getAsDouble());
    }

    @Override
    public double getAsDouble() {
      return total.getAsDouble() - before;
    }
  }

  /** A gauge that cannot go down. */
  private record Growing(GaugeDataPoint gauge) implements CounterDataPoint {
    @Override
    public void inc(double amount) {
      if (amount < 0) {
        throw new IllegalArgumentException("a counter cannot go down by " + -amount);
      }
      gauge.inc(amount);
    }

    @Override
    public void incWithExemplar(double amount, Labels labels) {
      inc(amount);
    }

    @Override
    public double get() {
      return gauge.get();
    }

    @Override
    public long getLongValue() {
      return (long) gauge.get();
    }
  }
}
