package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an origin refused a moment ago. */
@Timeout(60)
final class HttpSourceRefusalTest {
  private static final byte[] CONTENT = TestSource.content(1000);
  private static final Duration TTL = Duration.ofSeconds(3);

  private final AtomicLong later = new AtomicLong();
  private final HttpSource source =
      new HttpSource(
          TestSource.options().refusalTtl(TTL).maxRetries(0).build(),
          new Random(1),
          () -> System.nanoTime() + later.get(),
          InstantSource.system());

  @AfterEach
  void close() {
    source.close();
  }

  private static TestOrigin answering(int status) throws Exception {
    return TestOrigin.start((request, wire) ->
        wire.head("HTTP/1.1 " + status + " No", "X-Why: it", "Content-Length: 0"));
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 410})
  void itIsNotAskedForAgainForAMoment(int status) throws Exception {
    try (TestOrigin origin = answering(status)) {
      OriginRequest request = OriginRequest.of(origin.url("/a"));
      OriginException first = TestSource.failure(source, request);
      OriginException second = TestSource.failure(source, request.withRange(OriginRange.from(5)));

      assertThat(origin.requests()).hasSize(1);
      assertThat(second).hasMessage(first.getMessage());
      assertThat(second.status()).hasValue(status);
      assertThat(second.headers()).containsEntry("x-why", "it");
      assertThat(second.kind()).isEqualTo(first.kind());

      later.set(TTL.toNanos());
      TestSource.failure(source, request);
      assertThat(origin.requests()).hasSize(2);
    }
  }

  @Test
  void whoComesWithOtherCredentialsOrForOtherContentIsHeard() throws Exception {
    try (TestOrigin origin = answering(403)) {
      OriginRequest request = OriginRequest.of(origin.url("/a"));
      TestSource.failure(source, request);
      TestSource.failure(source, request.withHeaders(Map.of("Authorization", "Bearer one")));
      TestSource.failure(source, request.withHeaders(Map.of("Authorization", "Bearer two")));
      TestSource.failure(source, OriginRequest.of(origin.url("/a?signature=new")));
      assertThat(origin.requests()).hasSize(4);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 416, 429, 500, 503})
  void whatMayPassIsAskedForAgain(int status) throws Exception {
    try (TestOrigin origin = answering(status)) {
      OriginRequest request = OriginRequest.of(origin.url("/a"));
      TestSource.failure(source, request);
      TestSource.failure(source, request);
      assertThat(origin.requests()).hasSize(2);
    }
  }

  @Test
  void aCrowdHearsWhatTheFirstOneHears() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    try (TestOrigin origin =
            TestOrigin.start((request, wire) -> {
              await(answer);
              wire.head("HTTP/1.1 404 No", "Content-Length: 0");
            });
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch begun = new CountDownLatch(20);
      List<Future<OriginException>> failures = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        failures.add(
            threads.submit(() -> {
              begun.countDown();
              return TestSource.failure(source, OriginRequest.of(origin.url("/a")));
            }));
      }
      begun.await();
      answer.countDown();
      for (Future<OriginException> failure : failures) {
        assertThat(failure.get().status()).hasValue(404);
      }
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @Test
  void aCrowdThatIsServedGoesOnByItself() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<byte[]>> contents = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        contents.add(
            threads.submit(
                () -> TestSource.readAll(source.open(OriginRequest.of(origin.url("/a"))))));
      }
      for (Future<byte[]> content : contents) {
        assertThat(content.get()).isEqualTo(CONTENT);
      }
      assertThat(origin.requests()).hasSize(8);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
