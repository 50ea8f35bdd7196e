package io.dragonfly.common.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class MetricsTest {
  private final Metrics metrics = new Metrics("dragonfly_test_");

  private String text() {
    return new String(metrics.text(), StandardCharsets.UTF_8);
  }

  @Test
  void countersHaveExactlyTheNamesOfUpstream() {
    metrics.counter("task_total", "Tasks.", Label.of("type")).with("STANDARD").inc();
    metrics.counter("traffic", "Bytes.", Label.of("type")).with("REMOTE_PEER").inc(5);
    metrics.counter("plain_total", "No labels.").with().inc(3);

    assertThat(text())
        .contains("\ndragonfly_test_task_total{type=\"STANDARD\"} 1.0\n")
        .contains("\ndragonfly_test_traffic{type=\"REMOTE_PEER\"} 5.0\n")
        .contains("\ndragonfly_test_plain_total 3.0\n")
        .contains("# TYPE dragonfly_test_task_total counter\n")
        .contains("# TYPE dragonfly_test_traffic counter\n")
        .doesNotContain("# TYPE dragonfly_test_traffic gauge");
  }

  @Test
  void onlyCountersAreShownAsCounters() {
    metrics.gauge("traffic_now", "A gauge.").with().set(1);
    metrics.counter("traffic", "Bytes.").with().inc(1);
    metrics.gauge("disk_space_total", "A gauge with the name of a counter.", () -> 2);
    metrics
        .counter("told", "Said:\n# TYPE x gauge\n", Label.of("what"))
        .with("\n# TYPE dragonfly_test_traffic gauge\n")
        .inc();

    assertThat(text().lines().filter(line -> line.startsWith("# TYPE")))
        .containsExactlyInAnyOrder(
            "# TYPE dragonfly_test_traffic_now gauge",
            "# TYPE dragonfly_test_traffic counter",
            "# TYPE dragonfly_test_disk_space_total gauge",
            "# TYPE dragonfly_test_told counter");
    assertThat(text()).contains("{what=\"\\n# TYPE dragonfly_test_traffic gauge\\n\"} 1.0\n");
  }

  @Test
  void countersMayBeAskedFor() {
    AtomicLong sent = new AtomicLong(7);
    metrics.counter("upload_traffic", "Bytes.", sent::get);
    metrics.counter("upload_total", "Pieces.", sent::get);

    assertThat(text())
        .contains("# TYPE dragonfly_test_upload_traffic counter\n")
        .contains("\ndragonfly_test_upload_traffic 7.0\n")
        .contains("# TYPE dragonfly_test_upload_total counter\n")
        .contains("\ndragonfly_test_upload_total 7.0\n");
  }

  @Test
  void aResetForgetsWhatWasCountedAndKeepsWhatIs() {
    var tasks = metrics.counter("task_total", "Tasks.", Label.of("type"));
    var plain = metrics.counter("plain", "Plain.").with();
    var durations = metrics.histogram("duration", "Time.", new double[] {1, 2}, Label.of("level"));
    var running = metrics.gauge("running", "Now.", Label.of("type"));
    AtomicLong sent = new AtomicLong(7);
    metrics.counter("sent", "Bytes.", sent::get);
    tasks.with("a").inc(3);
    plain.inc(4);
    durations.with("1").observe(1);
    running.with("a").inc();

    metrics.reset();
    tasks.with("b").inc();
    sent.addAndGet(2);

    assertThat(text())
        .doesNotContain("task_total{type=\"a\"}")
        .contains("\ndragonfly_test_task_total{type=\"b\"} 1.0\n")
        .contains("\ndragonfly_test_plain 0.0\n")
        .doesNotContain("duration_bucket")
        .contains("\ndragonfly_test_running{type=\"a\"} 1.0\n")
        .contains("\ndragonfly_test_sent 2.0\n");
    running.with("a").dec();
    plain.inc();
    assertThat(text())
        .contains("\ndragonfly_test_running{type=\"a\"} 0.0\n")
        .contains("\ndragonfly_test_plain 1.0\n");
  }

  @Test
  void metricsMayBeginOtherwise() {
    metrics.withPrefix("grpc_server_").counter("started_total", "Calls.").with().inc();

    assertThat(text()).contains("\ngrpc_server_started_total 1.0\n");
  }

  @Test
  void theProcessCanBeShown() {
    assertThat(new String(new Metrics("x_").withProcess().text(), StandardCharsets.UTF_8))
        .contains("# TYPE process_start_time_seconds gauge\n");
  }

  @Test
  void aCounterDoesNotGoDown() {
    var traffic = metrics.counter("traffic", "Bytes.").with();
    traffic.inc(2);

    assertThatThrownBy(() -> traffic.inc(-1.0)).isInstanceOf(IllegalArgumentException.class);
    assertThat(traffic.getLongValue()).isEqualTo(2);
    assertThat(traffic.get()).isEqualTo(2.0);
  }

  @Test
  void gaugesGoBothWaysAndMayBeAskedFor() {
    var running = metrics.gauge("concurrent_task_total", "Now.", Label.of("type")).with("a");
    running.inc();
    running.inc();
    running.dec();
    metrics.gauge("disk_space_total", "Bytes.", () -> 42);

    assertThat(text())
        .contains("\ndragonfly_test_concurrent_task_total{type=\"a\"} 1.0\n")
        .contains("\ndragonfly_test_disk_space_total 42.0\n");
  }

  @Test
  void histogramsHaveTheGivenBounds() {
    metrics
        .histogram(
            "duration_milliseconds", "Time.", Metrics.exponentialBounds(1, 2, 4), Label.of("level"))
        .with("1")
        .observe(3);

    assertThat(text())
        .contains("_bucket{level=\"1\",le=\"2.0\"} 0\n")
        .contains("_bucket{level=\"1\",le=\"4.0\"} 1\n")
        .contains("_bucket{level=\"1\",le=\"8.0\"} 1\n")
        .contains("_bucket{level=\"1\",le=\"+Inf\"} 1\n")
        .contains("dragonfly_test_duration_milliseconds_sum{level=\"1\"} 3.0\n");
  }

  @Test
  void summariesShowQuantiles() {
    var summary = metrics.summary("schedule_duration_milliseconds", "Time.").with();
    for (int i = 1; i <= 100; i++) {
      summary.observe(i);
    }

    assertThat(text())
        .contains("dragonfly_test_schedule_duration_milliseconds{quantile=\"0.99\"} 99.0")
        .contains("dragonfly_test_schedule_duration_milliseconds_count 100\n");
  }

  @Test
  void valuesBeyondTheLimitOfALabelCountAsOther() {
    var tasks = metrics.counter("task_total", "Tasks.", Label.of("type"), new Label("tag", 3));
    for (int i = 0; i < 1000; i++) {
      tasks.with("STANDARD", "tag-" + i).inc();
    }
    tasks.with("STANDARD", "tag-1").inc();

    assertThat(text().lines().filter(line -> line.startsWith("dragonfly_test_task_total{")))
        .containsExactlyInAnyOrder(
            "dragonfly_test_task_total{tag=\"tag-0\",type=\"STANDARD\"} 1.0",
            "dragonfly_test_task_total{tag=\"tag-1\",type=\"STANDARD\"} 2.0",
            "dragonfly_test_task_total{tag=\"tag-2\",type=\"STANDARD\"} 1.0",
            "dragonfly_test_task_total{tag=\"other\",type=\"STANDARD\"} 997.0");
  }

  @Test
  void theNumberOfPointsOfAMetricIsBounded() {
    var tasks = metrics.counter("task_total", "Tasks.", new Label("a", 1000), new Label("b", 1000));
    for (int a = 0; a < 100; a++) {
      for (int b = 0; b < 100; b++) {
        tasks.with("a" + a, "b" + b).inc();
      }
    }

    assertThat(text().lines().filter(line -> line.startsWith("dragonfly_test_task_total{")).count())
        .isEqualTo(Series.MAX_POINTS + 1);
    assertThat(text())
        .contains(
            "dragonfly_test_task_total{a=\"other\",b=\"other\"} "
                + (10_000 - Series.MAX_POINTS)
                + ".0\n");
  }

  @Test
  void longValuesAreShortened() {
    metrics.counter("task_total", "Tasks.", Label.of("tag")).with("x".repeat(1000)).inc();

    assertThat(text()).contains("{tag=\"" + "x".repeat(128) + "\"}");
  }

  @Test
  void mistakesAreFoundAtOnce() {
    var tasks = metrics.counter("task_total", "Tasks.", Label.of("tag"));

    assertThatThrownBy(() -> tasks.with()).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> tasks.with("a", "b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> metrics.counter("task_total", "Again."))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Label("x", 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void instancesAreIndependentOfEachOther() {
    metrics.counter("task_total", "Tasks.").with().inc();
    var second = new Metrics("dragonfly_test_");
    second.counter("task_total", "Tasks.").with();

    assertThat(new String(second.text(), StandardCharsets.UTF_8))
        .contains("\ndragonfly_test_task_total 0.0\n");
  }

  @Test
  void theJvmCanBeShownToo() {
    assertThat(new String(new Metrics("x_").withJvm().text(), StandardCharsets.UTF_8))
        .contains("jvm_memory_used_bytes");
  }
}
