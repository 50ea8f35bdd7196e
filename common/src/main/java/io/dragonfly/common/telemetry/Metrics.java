package io.dragonfly.common.telemetry;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.function.DoubleSupplier;

/**
 * The metrics of one role instance, in a registry of its own. A metric is declared once, by the
 * name that upstream has for it; declaring a name twice throws {@link IllegalArgumentException}.
 */
public final class Metrics {
  private final String prefix;
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final PrometheusTextFormatWriter writer =
      PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build();

  /**
   * Makes an empty registry.
   *
   * @param prefix begins every name: {@code dragonfly_scheduler_}
   */
  public Metrics(String prefix) {
    this.prefix = Objects.requireNonNull(prefix, "prefix is null");
  }

  /** Adds the JVM's own metrics; for one role of a process only, or they are shown twice. */
  public Metrics withJvm() {
    JvmMetrics.builder().register(registry);
    return this;
  }

  /**
   * Something that only grows. It is shown under exactly the given name; if that does not end in
   * {@code _total}, Prometheus' own type for it has to be gauge, since its library would append
   * that.
   */
  public Series<CounterDataPoint> counter(String name, String help, Label... labels) {
    if (name.endsWith("_total")) {
      var counter =
          Counter.builder()
              .name(prefix + name)
              .help(help)
              .labelNames(names(labels))
              .withoutExemplars()
              .register(registry);
      return new Series<>(
          List.of(labels), values -> values.length == 0 ? counter : counter.labelValues(values));
    }
    Gauge gauge = newGauge(name, help, labels);
    return new Series<>(
        List.of(labels),
        values -> new Growing(values.length == 0 ? gauge : gauge.labelValues(values)));
  }

  /** Something that goes up and down. */
  public Series<GaugeDataPoint> gauge(String name, String help, Label... labels) {
    Gauge gauge = newGauge(name, help, labels);
    return new Series<>(
        List.of(labels), values -> values.length == 0 ? gauge : gauge.labelValues(values));
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
    return new Series<>(
        List.of(labels), values -> values.length == 0 ? histogram : histogram.labelValues(values));
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
    return new Series<>(
        List.of(labels), values -> values.length == 0 ? summary : summary.labelValues(values));
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
    return out.toByteArray();
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
