package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where redirects lead, what goes along, and what is remembered. */
@Timeout(60)
final class HttpSourceRedirectTest {
  private static final byte[] CONTENT = TestSource.content(1000);

  private final AtomicLong nanoTime = new AtomicLong(Long.MAX_VALUE - 1000);
  private final HttpSource source =
      new HttpSource(
          TestSource.options().build(), new Random(1), nanoTime::get, InstantSource.system());

  @AfterEach
  void close() {
    source.close();
  }

  private static TestOrigin.Script redirect(int status, String location) {
    return (request, wire) ->
        wire.head("HTTP/1.1 " + status + " Go", "Location: " + location, "Content-Length: 0");
  }

  private static OriginRequest part(String url, int start, int end) {
    return OriginRequest.of(url).withRange(OriginRange.between(start, end));
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void redirectIsFollowedWithTheRange(int status) throws Exception {
    try (TestOrigin target = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin = TestOrigin.start(redirect(status, target.url("/blob?sig=1")))) {
      byte[] bytes = TestSource.readAll(source.open(part(origin.url("/a"), 5, 10)));

      assertThat(bytes).isEqualTo(Arrays.copyOfRange(CONTENT, 5, 10));
      assertThat(target.lastRequest().target()).isEqualTo("/blob?sig=1");
      assertThat(target.lastRequest().header("range")).hasValue("bytes=5-9");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/x/y?z, /x/y?z",
    "b, /dir/b",
    "../b#part, /b",
    "./c/./d/../e, /dir/c/e",
    "?q, /dir/a?q",
    "%2Fkept, /dir/%2Fkept",
    "sp ace, /dir/sp%20ace"
  })
  void relativeLocationIsResolved(String location, String target) throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          if (request.target().equals("/dir/a")) {
            redirect(302, location).answer(request, wire);
          } else {
            TestOrigin.serve(request, wire, CONTENT);
          }
        })) {
      source.open(OriginRequest.of(origin.url("/dir/a"))).close();

      assertThat(origin.lastRequest().target()).isEqualTo(target);
    }
  }

  @Test
  void credentialsStayWithTheirOrigin() throws Exception {
    Map<String, String> headers =
        Map.of(
            "Authorization", "Bearer secret",
            "Cookie", "secret",
            "Proxy-Authorization", "secret",
            "PRIVATE-TOKEN", "secret",
            "X-Api-Key", "secret",
            "X-Harmless", "yes");
    try (TestOrigin target = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin = TestOrigin.start(redirect(307, target.url("/blob")))) {
      source.open(OriginRequest.of(origin.url("/a")).withHeaders(headers)).close();

      assertThat(origin.lastRequest().headers())
          .containsEntry("authorization", "Bearer secret")
          .containsEntry("x-api-key", "secret");
      assertThat(target.lastRequest().headers())
          .containsEntry("x-harmless", "yes")
          .doesNotContainValue("secret")
          .doesNotContainValue("Bearer secret");
    }
  }

  @Test
  void credentialsGoAlongWithinTheSameOrigin() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          if (request.number() == 0) {
            redirect(307, "/b").answer(request, wire);
          } else {
            TestOrigin.serve(request, wire, CONTENT);
          }
        })) {
      source.open(OriginRequest.of(origin.url("me:pass@127.0.0.1", "/a"))).close();

      assertThat(origin.lastRequest().header("authorization"))
          .isPresent()
          .isEqualTo(origin.requests().getFirst().header("authorization"));
    }
  }

  @Test
  void refusalBehindARedirectSaysThatCredentialsWereNotSent() throws Exception {
    try (TestOrigin target =
            TestOrigin.start((request, wire) -> wire.head("HTTP/1.1 401 No", "Content-Length: 0"));
        TestOrigin origin = TestOrigin.start(redirect(307, target.url("/blob")))) {
      OriginException failure =
          TestSource.failure(
              source,
              OriginRequest.of(origin.url("/a")).withHeaders(Map.of("Authorization", "Bearer x")));

      assertThat(failure).hasMessageContaining("credentials were not sent there");
    }
  }

  @Test
  void loopIsNoticed() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) ->
            redirect(302, request.target().equals("/a") ? "/b" : "/a").answer(request, wire))) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.REDIRECTS);
      assertThat(failure).hasMessageContaining("lead back to");
      assertThat(origin.requests()).hasSize(2);
    }
  }

  @Test
  void tenRedirectsAreFollowedAndNotAnEleventh() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          int left = Integer.parseInt(request.target().substring(1));
          if (left > 0) {
            redirect(302, "/" + (left - 1)).answer(request, wire);
          } else {
            TestOrigin.serve(request, wire, CONTENT);
          }
        })) {
      assertThat(TestSource.readAll(source.open(OriginRequest.of(origin.url("/10")))))
          .isEqualTo(CONTENT);
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/11")));

      assertThat(failure.kind()).isEqualTo(Kind.REDIRECTS);
      assertThat(failure).hasMessageContaining("more than 10 times");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/passwd", "ftp://host/a", "http://", "http://h:99999/"})
  void locationThatMustNotBeFollowedIsRefused(String location) throws Exception {
    try (TestOrigin origin = TestOrigin.start(redirect(302, location))) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.REDIRECTS);
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @Test
  void redirectWithoutLocationIsRefused() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> wire.head("HTTP/1.1 302 Go", "Content-Length: 0"))) {
      assertThat(TestSource.failure(source, OriginRequest.of(origin.url("/a"))).kind())
          .isEqualTo(Kind.REDIRECTS);
    }
  }

  @Test
  void rangesOfOneTaskCostOneRedirect() throws Exception {
    try (TestOrigin target = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin =
            TestOrigin.start((request, wire) ->
                wire.head(
                    "HTTP/1.1 302 Go",
                    "Location: " + target.url("/blob"),
                    "X-Linked-Etag: \"abc\"",
                    "Content-Length: 0"))) {
      for (int i = 0; i < 5; i++) {
        OriginResponse response = source.open(part(origin.url("/a"), i * 10, i * 10 + 10));
        assertThat(response.headers()).containsEntry("x-linked-etag", "\"abc\"");
        TestSource.readAll(response);
      }

      assertThat(origin.requests()).hasSize(1);
      assertThat(target.requests()).hasSize(5);
    }
  }

  @Test
  void rememberedRedirectIsNotUsedWithOtherCredentials() throws Exception {
    try (TestOrigin target = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin = TestOrigin.start(redirect(307, target.url("/blob?sig=1")))) {
      OriginRequest request = OriginRequest.of(origin.url("/a"));
      source.open(request.withHeaders(Map.of("Authorization", "Bearer a"))).close();
      source.open(request.withHeaders(Map.of("Authorization", "Bearer b"))).close();
      source.open(request).close();
      source.open(OriginRequest.of(origin.url("me@127.0.0.1", "/a"))).close();

      assertThat(origin.requests()).hasSize(4);
    }
  }

  @Test
  void rememberedRedirectEndsWithItsTime() throws Exception {
    try (TestOrigin target = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin = TestOrigin.start(redirect(307, target.url("/blob")))) {
      source.open(OriginRequest.of(origin.url("/a"))).close();
      nanoTime.addAndGet(Duration.ofSeconds(599).toNanos());
      source.open(OriginRequest.of(origin.url("/a"))).close();
      assertThat(origin.requests()).hasSize(1);

      nanoTime.addAndGet(Duration.ofSeconds(1).toNanos());
      source.open(OriginRequest.of(origin.url("/a"))).close();

      assertThat(origin.requests()).hasSize(2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 404, 410})
  void expiredTargetIsLookedUpAgainAtTheOrigin(int status) throws Exception {
    try (TestOrigin target =
            TestOrigin.start((request, wire) -> {
              if (request.target().equals("/blob?0") && request.number() > 0) {
                wire.head("HTTP/1.1 " + status + " Expired", "Content-Length: 0");
              } else {
                TestOrigin.serve(request, wire, CONTENT);
              }
            });
        TestOrigin origin =
            TestOrigin.start((request, wire) ->
                redirect(307, target.url("/blob?" + request.number())).answer(request, wire))) {
      TestSource.readAll(source.open(part(origin.url("/a"), 0, 10)));

      byte[] bytes = TestSource.readAll(source.open(part(origin.url("/a"), 10, 20)));

      assertThat(bytes).isEqualTo(Arrays.copyOfRange(CONTENT, 10, 20));
      assertThat(origin.requests()).hasSize(2);
      assertThat(target.requests()).hasSize(3);
    }
  }

  @Test
  void targetThatHasGoneIsLookedUpAgainAtTheOrigin() throws Exception {
    try (TestOrigin second = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin first = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin =
            TestOrigin.start((request, wire) ->
                redirect(307, (request.number() == 0 ? first : second).url("/blob"))
                    .answer(request, wire))) {
      TestSource.readAll(source.open(OriginRequest.of(origin.url("/a"))));
      first.stop();

      assertThat(TestSource.readAll(source.open(OriginRequest.of(origin.url("/a")))))
          .isEqualTo(CONTENT);
      assertThat(second.requests()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"303, absolute", "302, relative"})
  void otherRedirectsAreNotRemembered(int status, String form) throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          if (request.target().equals("/a")) {
            String host = form.equals("absolute") ? "http://" + request.headers().get("host") : "";
            redirect(status, host + "/b").answer(request, wire);
          } else {
            TestOrigin.serve(request, wire, CONTENT);
          }
        })) {
      source.open(OriginRequest.of(origin.url("/a"))).close();
      source.open(OriginRequest.of(origin.url("/a"))).close();

      assertThat(origin.requests()).hasSize(4);
    }
  }

  @Test
  void rememberingCanBeSwitchedOff() throws Exception {
    try (TestOrigin target = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin = TestOrigin.start(redirect(307, target.url("/blob")));
        HttpSource forgetful = TestSource.create(TestSource.options().cacheRedirects(false))) {
      forgetful.open(OriginRequest.of(origin.url("/a"))).close();
      forgetful.open(OriginRequest.of(origin.url("/a"))).close();

      assertThat(origin.requests()).hasSize(2);
    }
  }
}
