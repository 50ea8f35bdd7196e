package io.dragonfly.daemon;

import io.dragonfly.common.telemetry.Label;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.Series;
import io.dragonfly.daemon.source.OriginWatch;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.time.Duration;

/** Requests to origins, under upstream's names; the time is that until there is an answer. */
final class OriginMetrics implements OriginWatch {
  private final Series<CounterDataPoint> requests;
  private final Series<CounterDataPoint> failures;
  private final Series<DistributionDataPoint> durations;

  OriginMetrics(Metrics metrics) {
    Label[] labels = {Label.of("scheme"), Label.of("method")};
    requests = metrics.counter("backend_request_total", "Requests to origins.", labels);
    failures =
        metrics.counter(
            "backend_request_failure_total", "Requests to origins that failed.", labels);
    durations =
        metrics.histogram(
            "backend_request_duration_milliseconds",
            "How long origins took to answer.",
            Metrics.exponentialBounds(1, 2, 24),
            labels);
  }

  @Override
  public void asked(String scheme, String method) {
    requests.with(scheme, method).inc();
  }

  @Override
  public void answered(String scheme, String method, Duration time) {
    durations.with(scheme, method).observe((double) time.toMillis());
  }

  @Override
  public void failed(String scheme, String method) {
    failures.with(scheme, method).inc();
  }
}
