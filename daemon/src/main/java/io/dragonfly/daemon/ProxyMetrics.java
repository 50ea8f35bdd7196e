package io.dragonfly.daemon;

import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.Series;
import io.dragonfly.daemon.proxy.ProxyWatch;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;

/** Requests to the proxy, under upstream's names. */
final class ProxyMetrics implements ProxyWatch {
  private final Series<CounterDataPoint> requests;
  private final Series<CounterDataPoint> failures;
  private final Series<CounterDataPoint> throughSwarm;

  ProxyMetrics(Metrics metrics) {
    requests = metrics.counter("proxy_request_total", "Requests to the proxy.");
    failures = metrics.counter("proxy_request_failure_total", "Requests to the proxy that failed.");
    throughSwarm =
        metrics.counter(
            "proxy_request_via_dfdaemon_total",
            "Requests to the proxy whose content is a task's, from this host or its swarm.");
  }

  @Override
  public void asked() {
    requests.with().inc();
  }

  @Override
  public void throughSwarm() {
    throughSwarm.with().inc();
  }

  @Override
  public void failed() {
    failures.with().inc();
  }
}
