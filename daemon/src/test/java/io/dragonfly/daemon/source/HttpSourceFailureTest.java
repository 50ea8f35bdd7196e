package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Refusals, repetitions, cut-offs, stalls and cancellation. */
@Timeout(60)
final class HttpSourceFailureTest {
  private static final byte[] CONTENT = TestSource.content(100_000);

  private final HttpSource source = TestSource.create();

  @AfterEach
  void close() {
    source.close();
  }

  private static TestOrigin answering(String... head) throws IOException {
    return TestOrigin.start((request, wire) -> wire.head(head));
  }

  @ParameterizedTest
  @CsvSource({
    "400, it answered 400 Bad Request",
    "401, Authorization header",
    "403, credentials",
    "404, check the URL",
    "410, removed",
  })
  void refusalIsToldAtOnceWithStatusHeadersAndRemedy(int status, String words) throws Exception {
    try (TestOrigin origin =
        answering(
            "HTTP/1.1 " + status + " Whatever",
            "Content-Length: 0",
            "WWW-Authenticate: Bearer realm=x",
            "Set-Cookie: secret=1",
            "X-Reason: because")) {
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("me:hidden@127.0.0.1", "/a?sig=hidden")));

      assertThat(failure.kind()).isEqualTo(Kind.REFUSED);
      assertThat(failure.retryable()).isFalse();
      assertThat(failure.status()).hasValue(status);
      assertThat(failure.headers())
          .containsEntry("www-authenticate", "Bearer realm=x")
          .containsEntry("x-reason", "because")
          .doesNotContainKey("set-cookie");
      assertThat(failure)
          .hasMessageContaining(words)
          .hasMessageContaining("http://127.0.0.1:" + origin.port() + "/a?...")
          .hasMessageNotContaining("hidden");
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504})
  void transientStatusIsRepeatedAsOftenAsAllowed(int status) throws Exception {
    try (TestOrigin origin = answering("HTTP/1.1 " + status + " No", "Content-Length: 0")) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(failure.retryable()).isTrue();
      assertThat(failure.status()).hasValue(status);
      assertThat(origin.requests()).hasSize(4);
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @Test
  void originThatRecoversIsReadAfterAll() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          if (request.number() < 2) {
            wire.head("HTTP/1.1 503 No", "Retry-After: 0", "Content-Length: 2");
            wire.body("no");
          } else {
            TestOrigin.serve(request, wire, CONTENT);
          }
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(5, 10)));

      assertThat(TestSource.readAll(response)).isEqualTo(Arrays.copyOfRange(CONTENT, 5, 10));
      assertThat(origin.requests()).hasSize(3);
      assertThat(origin.lastRequest().header("range")).hasValue("bytes=5-9");
    }
  }

  @Test
  void statusThatWillNotChangeIsNotRepeated() throws Exception {
    try (TestOrigin origin = answering("HTTP/1.1 501 No", "Content-Length: 0")) {
      assertThat(TestSource.failure(source, OriginRequest.of(origin.url("/a"))).kind())
          .isEqualTo(Kind.UNAVAILABLE);
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @Test
  void pauseThatWouldOutlastTheTimeoutIsNotTaken() throws Exception {
    try (TestOrigin origin =
            answering("HTTP/1.1 429 No", "Retry-After: 3600", "Content-Length: 0");
        HttpSource patient =
            TestSource.create(TestSource.options().maxPause(Duration.ofHours(2)))) {
      OriginException failure =
          TestSource.failure(
              patient, OriginRequest.of(origin.url("/a")).withTimeout(Duration.ofSeconds(30)));

      assertThat(failure.status()).hasValue(429);
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @Test
  void retryAfterIsHonoured() throws Exception {
    try (TestOrigin origin =
            TestOrigin.start((request, wire) -> {
              if (request.number() == 0) {
                wire.head("HTTP/1.1 429 No", "Retry-After: 1", "Content-Length: 0");
              } else {
                TestOrigin.serve(request, wire, CONTENT);
              }
            });
        HttpSource patient =
            TestSource.create(TestSource.options().maxPause(Duration.ofSeconds(20)))) {
      long begin = System.nanoTime();
      patient.open(OriginRequest.of(origin.url("/a"))).close();

      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }
  }

  @Test
  void refusedConnectionIsRepeatedAndToldInWords() throws Exception {
    // Bound without listening: connections are refused, and nobody else gets the port.
    try (SocketChannel held =
        SocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of("http://127.0.0.1:" + held.socket().getLocalPort() + "/a"));

      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("was refused");
    }
  }

  @Test
  void connectionClosedWithoutAnAnswerIsRepeated() throws Exception {
    try (TestOrigin origin = TestOrigin.start((request, wire) -> wire.close())) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(origin.requests()).hasSize(4);
    }
  }

  @Test
  void keptConnectionThatTheOriginClosedCostsNoAttempt() throws Exception {
    CountDownLatch mayClose = new CountDownLatch(1);
    try (TestOrigin origin =
            TestOrigin.start((request, wire) -> {
              TestOrigin.serve(request, wire, CONTENT);
              if (request.number() == 0) {
                await(mayClose);
                wire.reset();
              }
            });
        HttpSource once = TestSource.create(TestSource.options().maxRetries(0))) {
      TestSource.readAll(once.open(OriginRequest.of(origin.url("/a"))));
      mayClose.countDown();

      byte[] second = TestSource.readAll(once.open(OriginRequest.of(origin.url("/a"))));

      assertThat(second).isEqualTo(CONTENT);
      assertThat(origin.connections()).isEqualTo(2);
    }
  }

  @Test
  void whatFollowsAnAnswerUnaskedNeverPassesForTheNextOne() throws Exception {
    CountDownLatch sent = new CountDownLatch(1);
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 2");
          wire.body("ok");
          if (request.number() == 0) {
            wire.head("HTTP/1.1 200 OK", "Content-Length: 4");
            wire.body("evil");
            sent.countDown();
          }
        })) {
      TestSource.readAll(source.open(OriginRequest.of(origin.url("/a"))));
      await(sent);

      byte[] second = TestSource.readAll(source.open(OriginRequest.of(origin.url("/a"))));

      assertThat(second).asString().isEqualTo("ok");
      assertThat(origin.connections()).isEqualTo(2);
    }
  }

  @Test
  void silentOriginIsGivenUpAfterTheHeaderTimeout() throws Exception {
    try (TestOrigin origin = TestOrigin.start((request, wire) -> wire.awaitClientClose());
        HttpSource hasty =
            TestSource.create(
                TestSource.options().maxRetries(1).headerTimeout(Duration.ofMillis(100)))) {
      OriginException failure = TestSource.failure(hasty, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("did not answer within 100 ms");
      assertThat(origin.requests()).as("who waited so long does not wait again").hasSize(1);
    }
  }

  @Test
  void headThatTricklesIsEndedByTheTimeoutOfTheRequest() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.body("HTTP/1.1 200 OK\r\n");
          for (int i = 0; i < 2000; i++) {
            wire.body("X-" + i + ": 1\r\n");
            pause(50);
          }
        })) {
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("/a")).withTimeout(Duration.ofMillis(500)));

      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("no usable answer within 500 ms");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 100000",
        "Content-Length: 100000\r\nConnection: close",
        "Transfer-Encoding: chunked"
      })
  void bodyThatEndsEarlyIsTruncated(String framing) throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", framing);
          if (framing.startsWith("Transfer")) {
            wire.body("c350\r\n"); // 50 000
          }
          wire.body(Arrays.copyOf(CONTENT, 50_000));
          wire.close();
        })) {
      OriginException failure =
          TestSource.readFailure(source.open(OriginRequest.of(origin.url("/a"))));

      assertThat(failure.kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(failure).hasMessageContaining("at byte 50000");
    }
  }

  @Test
  void partThatEndsWithTheConnectionBeforeItsRangeDoesIsTruncated() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 206 OK", "Content-Range: bytes 10-19/100", "Connection: close");
          wire.body("01234");
          wire.close();
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(10, 20)));

      OriginException failure = TestSource.readFailure(response);

      assertThat(failure.kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(failure).hasMessageContaining("at byte 15");
    }
  }

  @Test
  void resetInTheBodyIsTruncated() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 100");
          wire.body("some");
          await(read);
          wire.reset();
        })) {
      OriginResponse response = source.open(OriginRequest.of(origin.url("/a")));
      response.read(ByteBuffer.allocate(4));
      read.countDown();

      assertThat(TestSource.readFailure(response).kind()).isEqualTo(Kind.TRUNCATED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Transfer-Encoding: chunked", "Connection: close"})
  void bodyThatGoesOnBeyondItsRangeIsTooLongAndItsConnectionIsNotKept(String framing)
      throws Exception {
    CompletableFuture<Boolean> closed = new CompletableFuture<>();
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 206 OK", "Content-Range: bytes 0-9/100", framing);
          wire.body(framing.startsWith("T") ? "b\r\n01234567890\r\n" : "01234567890");
          wire.awaitClientClose();
          closed.complete(true);
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10)));
      ByteBuffer target = ByteBuffer.allocate(100);
      while (target.position() < 10) {
        response.read(target);
      }

      OriginException failure = TestSource.readFailure(response);

      assertThat(target.position()).isEqualTo(10);
      assertThat(failure.kind()).isEqualTo(Kind.TOO_LONG);
      assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void stalledBodyIsGivenUp() throws Exception {
    try (TestOrigin origin =
            TestOrigin.start((request, wire) -> {
              wire.head("HTTP/1.1 200 OK", "Content-Length: 100");
              wire.body("some");
              wire.awaitClientClose();
            });
        HttpSource hasty =
            TestSource.create(
                TestSource.options()
                    .headerTimeout(Duration.ofMinutes(10))
                    .stallTimeout(Duration.ofMillis(200)))) {
      OriginException failure =
          TestSource.readFailure(hasty.open(OriginRequest.of(origin.url("/a"))));

      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("no byte came for 200 ms at byte 4");
    }
  }

  @Test
  void slowBodyThatKeepsMovingIsReadToTheEndWhateverTheRequestsTimeout() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 10");
          for (int i = 0; i < 10; i++) {
            pause(100);
            wire.body("x");
          }
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withTimeout(Duration.ofMillis(700)));

      assertThat(TestSource.readAll(response)).hasSize(10);
    }
  }

  @Test
  void cancellationEndsTheWaitForAnAnswer() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          asked.countDown();
          wire.awaitClientClose();
        })) {
      Cancellation cancellation = new Cancellation();
      Thread.ofVirtual()
          .start(() -> {
            await(asked);
            cancellation.cancel();
          });

      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("/a")).withCancellation(cancellation));

      assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @Test
  void cancellationEndsTheReadingOfABody() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 100");
          wire.body("some");
          wire.awaitClientClose();
        })) {
      Cancellation cancellation = new Cancellation();
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withCancellation(cancellation));
      response.read(ByteBuffer.allocate(4));
      Thread.ofVirtual()
          .start(() -> {
            pause(50);
            cancellation.cancel();
          });

      assertThat(TestSource.readFailure(response).kind()).isEqualTo(Kind.CANCELLED);
    }
  }

  @Test
  void cancellationEndsAPause() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (TestOrigin origin =
            TestOrigin.start((request, wire) -> {
              wire.head("HTTP/1.1 503 No", "Retry-After: 300", "Content-Length: 0");
              asked.countDown();
            });
        HttpSource patient =
            TestSource.create(TestSource.options().maxPause(Duration.ofMinutes(5)))) {
      Cancellation cancellation = new Cancellation();
      Thread.ofVirtual()
          .start(() -> {
            await(asked);
            pause(100);
            cancellation.cancel();
          });

      OriginException failure =
          TestSource.failure(
              patient, OriginRequest.of(origin.url("/a")).withCancellation(cancellation));

      assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
    }
  }

  @Test
  void cancellationEndsTheWaitForAConnection() throws Exception {
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<Socket> queue = new ArrayList<>();
      // Nobody accepts: once the queue is full, connecting hangs.
      for (int i = 0; i < 3; i++) {
        Socket socket = new Socket();
        queue.add(socket);
        Thread.ofVirtual()
            .start(() -> {
              try {
                socket.connect(full.getLocalSocketAddress());
              } catch (IOException _) {
                // closed below
              }
            });
      }
      Cancellation cancellation = new Cancellation();
      Thread.ofVirtual()
          .start(() -> {
            pause(300);
            cancellation.cancel();
          });

      OriginException failure =
          TestSource.failure(
              source,
              OriginRequest.of("http://127.0.0.1:" + full.getLocalPort() + "/a")
                  .withCancellation(cancellation));

      assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
      for (Socket socket : queue) {
        socket.close();
      }
    }
  }

  @Test
  void interruptEndsTheRequestAndStaysSet() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          asked.countDown();
          wire.awaitClientClose();
        })) {
      CompletableFuture<OriginException.Kind> kind = new CompletableFuture<>();
      CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
      Thread reader =
          Thread.ofVirtual()
              .start(() -> {
                kind.complete(
                    TestSource.failure(source, OriginRequest.of(origin.url("/a"))).kind());
                interrupted.complete(Thread.currentThread().isInterrupted());
              });
      await(asked);
      reader.interrupt();

      assertThat(kind.get(30, TimeUnit.SECONDS)).isEqualTo(Kind.CANCELLED);
      assertThat(interrupted.get(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void cancelledRequestIsNotSent() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      Cancellation cancellation = new Cancellation();
      cancellation.cancel();

      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("/a")).withCancellation(cancellation));

      assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
      assertThat(origin.requests()).isEmpty();
    }
  }

  @Test
  void answerThatIsClosedEarlyIsCutOffWithoutReadingOn() throws Exception {
    CompletableFuture<Boolean> closed = new CompletableFuture<>();
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 1000000000000");
          wire.body("some");
          wire.awaitClientClose();
          closed.complete(true);
        })) {
      OriginResponse response = source.open(OriginRequest.of(origin.url("/a")));
      response.read(ByteBuffer.allocate(2));
      response.close();

      assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();
      Awaitility.await().until(() -> source.engine().openConnections() == 0);
    }
  }

  @Test
  void noMoreConnectionsThanAllowedGoToOneOrigin() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT));
        HttpSource narrow = TestSource.create(TestSource.options().maxConnectionsPerOrigin(2))) {
      List<CompletableFuture<Integer>> reads = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        CompletableFuture<Integer> read = new CompletableFuture<>();
        reads.add(read);
        Thread.ofVirtual()
            .start(() -> {
              try {
                read.complete(
                    TestSource.readAll(narrow.open(OriginRequest.of(origin.url("/a")))).length);
              } catch (OriginException e) {
                read.completeExceptionally(e);
              }
            });
      }

      for (CompletableFuture<Integer> read : reads) {
        assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(CONTENT.length);
      }
      assertThat(origin.connections()).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void headerThatCannotBeSentIsRefusedBeforeAnythingIsSent() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      for (Map<String, String> headers :
          List.of(
              Map.of("X-A", "1\r\nX-B: 2"),
              Map.of("X A", "1"),
              Map.of("", "1"),
              Map.of("X-A", "\u20ac"),
              Map.of("X-A", "1".repeat(70_000)))) {
        OriginException failure =
            TestSource.failure(source, OriginRequest.of(origin.url("/a")).withHeaders(headers));

        assertThat(failure.kind()).isEqualTo(Kind.BAD_HEADER);
      }
      assertThat(origin.connections()).isZero();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
