package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranges, lengths, versions and headers, with an origin that answers in one piece. */
final class HttpSourceTest {
  private static final byte[] CONTENT = TestSource.content(300_000);

  private final HttpSource source = TestSource.create();

  @AfterEach
  void close() {
    source.close();
  }

  @Test
  void firstLookWithRangeLearnsEverythingFromOneAnswer() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start(
            TestOrigin.serving(
                CONTENT,
                "ETag: \"v1\"",
                "Last-Modified: Mon, 02 Mar 2026 10:00:00 GMT",
                "Content-Type: application/x-tar",
                "Docker-Content-Digest: sha256:abc",
                "Set-Cookie: id=1",
                "WWW-Authenticate: Basic",
                "Server: test"))) {
      OriginResponse response =
          source.open(
              OriginRequest.of(origin.url("/a?b=c")).withRange(OriginRange.between(0, 1000)));

      assertThat(response.status()).isEqualTo(206);
      assertThat(response.ranged()).isTrue();
      assertThat(response.start()).isZero();
      assertThat(response.contentLength()).hasValue(CONTENT.length);
      assertThat(response.bodyLength()).hasValue(1000);
      assertThat(response.version()).isEqualTo("etag:\"v1\";length=300000");
      assertThat(response.headers())
          .containsOnlyKeys("content-type", "docker-content-digest", "etag", "last-modified")
          .containsEntry("content-type", "application/x-tar");
      assertThat(TestSource.readAll(response)).isEqualTo(Arrays.copyOf(CONTENT, 1000));
      assertThat(origin.requests()).hasSize(1);
      TestOrigin.Request request = origin.lastRequest();
      assertThat(request.method()).isEqualTo("GET");
      assertThat(request.target()).isEqualTo("/a?b=c");
      assertThat(request.headers())
          .containsEntry("range", "bytes=0-999")
          .containsEntry("accept-encoding", "identity")
          .containsEntry("user-agent", "dragonfly/test")
          .containsEntry("host", "127.0.0.1:" + origin.port())
          .doesNotContainKeys("if-range", "upgrade", "cookie");
    }
  }

  @Test
  void laterRangesReuseOneConnectionAndCarryTheStrongEtag() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT, "ETag: \"v1\""))) {
      Validators version = null;
      byte[] all = new byte[CONTENT.length];
      for (int start = 0; start < CONTENT.length; start += 50_000) {
        OriginRequest request =
            OriginRequest.of(origin.url("/a"))
                .withRange(OriginRange.between(start, start + 50_000));
        OriginResponse response =
            source.open(version == null ? request : request.withExpected(version));
        version = response.validators();
        byte[] part = TestSource.readAll(response);
        System.arraycopy(part, 0, all, start, part.length);
      }

      assertThat(all).isEqualTo(CONTENT);
      assertThat(origin.requests()).hasSize(6);
      assertThat(origin.lastRequest().header("if-range")).hasValue("\"v1\"");
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 999, 1000, 1001})
  void rangeThatReachesBeyondTheEndEndsWithTheContent(int length) throws Exception {
    byte[] content = TestSource.content(length);
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(content))) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 1000)));

      assertThat(response.contentLength()).hasValue(length);
      assertThat(TestSource.readAll(response))
          .isEqualTo(Arrays.copyOf(content, Math.min(length, 1000)));
    }
  }

  @Test
  void openRangeGoesToTheEnd() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.from(299_990)));

      assertThat(origin.lastRequest().header("range")).hasValue("bytes=299990-");
      assertThat(response.start()).isEqualTo(299_990);
      assertThat(TestSource.readAll(response))
          .isEqualTo(Arrays.copyOfRange(CONTENT, 299_990, 300_000));
    }
  }

  @Test
  void serverWithoutRangesStreamsTheWholeOnTheFirstLook() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: " + CONTENT.length);
          wire.body(CONTENT);
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10)));

      assertThat(response.ranged()).isFalse();
      assertThat(response.bodyLength()).hasValue(CONTENT.length);
      assertThat(response.contentLength()).hasValue(CONTENT.length);
      assertThat(response.version()).isEqualTo("none;length=300000");
      assertThat(TestSource.readAll(response)).isEqualTo(CONTENT);
    }
  }

  @Test
  void wholeThatIsAskedForWithoutRangeSaysWhetherRangesArePossible() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      OriginResponse response = source.open(OriginRequest.of(origin.url("/a")));

      assertThat(response.status()).isEqualTo(200);
      assertThat(response.ranged()).isTrue();
      assertThat(origin.lastRequest().header("range")).isEmpty();
      assertThat(TestSource.readAll(response)).isEqualTo(CONTENT);
    }
  }

  @Test
  void wholeInsteadOfALaterPartIsNoRangesAndIsNotRead() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 1000000000000", "ETag: \"v1\"");
          wire.awaitClientClose();
        })) {
      OriginRequest request = OriginRequest.of(origin.url("/a")).withRange(OriginRange.from(5));

      OriginException failure = TestSource.failure(source, request);
      OriginException expecting =
          TestSource.failure(
              source,
              request
                  .withRange(OriginRange.between(0, 5))
                  .withExpected(Validators.parse("etag: \"v1\"\n")));

      assertThat(failure.kind()).isEqualTo(Kind.NO_RANGES);
      assertThat(failure.status()).hasValue(200);
      assertThat(expecting.kind()).isEqualTo(Kind.NO_RANGES);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ETag: \"v2\"", "ETag: W/\"v2\"", "Last-Modified: Tue, 03 Mar 2026 10:00:00 GMT"})
  void contentThatChangesMidwayIsNoticed(String header) throws Exception {
    String before = header.replace("v2", "v1").replace("Tue, 03", "Mon, 02");
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT, before))) {
      OriginRequest request =
          OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10));
      OriginResponse first = source.open(request);
      TestSource.readAll(first);
      origin.script(TestOrigin.serving(CONTENT, header));

      OriginException failure =
          TestSource.failure(
              source,
              request.withRange(OriginRange.between(10, 20)).withExpected(first.validators()));

      assertThat(failure.kind()).isEqualTo(Kind.CHANGED);
      assertThat(failure).hasMessageContaining("the content has changed");
    }
  }

  @Test
  void contentWithoutValidatorsThatChangesItsLengthIsNoticed() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      OriginRequest request =
          OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10));
      OriginResponse first = source.open(request);
      TestSource.readAll(first);
      origin.script(TestOrigin.serving(Arrays.copyOf(CONTENT, 200_000)));

      OriginException failure =
          TestSource.failure(
              source,
              request.withRange(OriginRange.between(10, 20)).withExpected(first.validators()));
      OriginException beyond =
          TestSource.failure(
              source,
              request.withRange(OriginRange.from(250_000)).withExpected(first.validators()));

      assertThat(failure.kind()).isEqualTo(Kind.CHANGED);
      assertThat(beyond.kind()).isEqualTo(Kind.CHANGED);
      assertThat(failure).hasMessageContaining("its length was 300000 and is 200000");
    }
  }

  @Test
  void versionStaysTheSameWhereALaterAnswerLeavesOutValidators() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT, "ETag: \"v1\""))) {
      OriginRequest request =
          OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10));
      OriginResponse first = source.open(request);
      TestSource.readAll(first);
      origin.script((r, wire) -> {
        wire.head("HTTP/1.1 206 OK", "Content-Range: bytes 10-19/300000", "Content-Length: 10");
        wire.body(Arrays.copyOfRange(CONTENT, 10, 20));
      });

      OriginResponse second =
          source.open(
              request.withRange(OriginRange.between(10, 20)).withExpected(first.validators()));

      assertThat(second.version()).isEqualTo(first.version());
      assertThat(TestSource.readAll(second)).isEqualTo(Arrays.copyOfRange(CONTENT, 10, 20));
    }
  }

  @Test
  void emptyContentIsAskedForAgainWithoutRange() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start(TestOrigin.serving(new byte[0], "Content-Type: text/plain"))) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.from(0)));

      assertThat(response.contentLength()).hasValue(0);
      assertThat(response.bodyLength()).hasValue(0);
      assertThat(response.headers()).containsEntry("content-type", "text/plain");
      assertThat(TestSource.readAll(response)).isEmpty();
      assertThat(origin.requests()).hasSize(2);
      assertThat(origin.lastRequest().header("range")).isEmpty();
    }
  }

  @Test
  void rangeBeyondTheEndIsRefusedWithItsStatus() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("/a")).withRange(OriginRange.from(300_000)));

      assertThat(failure.kind()).isEqualTo(Kind.REFUSED);
      assertThat(failure.status()).hasValue(416);
      assertThat(failure.headers()).containsEntry("content-range", "bytes */300000");
    }
  }

  @Test
  void contentOfUnknownLengthIsReadToTheEndOfItsChunks() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "ETag: W/\"1\"");
          wire.body("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.from(0)));

      assertThat(response.contentLength()).isEmpty();
      assertThat(response.bodyLength()).isEmpty();
      assertThat(response.version()).isEqualTo("etag:W/\"1\";length=*");
      assertThat(TestSource.readAll(response)).asString().isEqualTo("hello world");
    }
  }

  @Test
  void contentOfUnknownLengthMayEndWithTheConnection() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Connection: close");
          wire.body(CONTENT);
          wire.close();
        })) {
      OriginResponse response = source.open(OriginRequest.of(origin.url("/a")));

      assertThat(response.contentLength()).isEmpty();
      assertThat(TestSource.readAll(response)).isEqualTo(CONTENT);
    }
  }

  @Test
  void partWithoutATotalIsAskedForAgainAsAWhole() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          if (request.header("range").isPresent()) {
            wire.head("HTTP/1.1 206 OK", "Content-Range: bytes 0-4/*", "Content-Length: 5");
            wire.body("hello");
          } else {
            wire.head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            wire.body("b\r\nhello world\r\n0\r\n\r\n");
          }
        })) {
      OriginResponse response =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.from(0)));

      assertThat(response.contentLength()).isEmpty();
      assertThat(response.ranged()).isFalse();
      assertThat(TestSource.readAll(response)).asString().isEqualTo("hello world");
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @Test
  void laterPartWithoutATotalIsAcceptedIfItIsTheOneAskedFor() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 206 OK", "Content-Range: bytes 6-10/*", "Content-Length: 5");
          wire.body("world");
        })) {
      OriginResponse response =
          source.open(
              OriginRequest.of(origin.url("/a"))
                  .withRange(OriginRange.between(6, 11))
                  .withExpected(
                      new Validators(Optional.empty(), Optional.empty(), OptionalLong.of(11))));

      assertThat(response.contentLength()).hasValue(11);
      assertThat(TestSource.readAll(response)).asString().isEqualTo("world");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Range: bytes 1-10/300000",
        "Content-Range: bytes 0-8/300000",
        "Content-Range: bytes 0-10/300000",
        "Content-Range: bytes 0-9/5",
        "Content-Range: bytes 9-0/300000",
        "Content-Range: items 0-9/300000",
        "Content-Range: rubbish",
        "Content-Range: bytes */300000",
        "X-None: 1",
        "Content-Type: multipart/byteranges; boundary=x"
      })
  void partThatWasNotAskedForIsABadAnswer(String header) throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 206 Partial Content", header, "Content-Length: 10");
          wire.body("0123456789");
        })) {
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10)));

      assertThat(failure.kind()).isEqualTo(Kind.BAD_ANSWER);
      assertThat(origin.requests()).hasSize(1);
    }
  }

  @Test
  void contentLengthThatContradictsTheRangeIsABadAnswer() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) ->
            wire.head("HTTP/1.1 206 OK", "Content-Range: bytes 0-9/100", "Content-Length: 11"))) {
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 10)));

      assertThat(failure.kind()).isEqualTo(Kind.BAD_ANSWER);
      assertThat(failure).hasMessageContaining("10 bytes").hasMessageContaining("11");
    }
  }

  @Test
  void contentEncodingIsKeptAndNothingIsDecoded() throws Exception {
    byte[] compressed = {31, -117, 8, 0, 1, 2, 3};
    try (TestOrigin origin =
        TestOrigin.start(TestOrigin.serving(compressed, "Content-Encoding: gzip"))) {
      OriginResponse response =
          source.open(
              OriginRequest.of(origin.url("/a")).withHeaders(Map.of("accept-encoding", "gzip")));

      assertThat(origin.lastRequest().header("accept-encoding")).hasValue("gzip");
      assertThat(response.headers()).containsEntry("content-encoding", "gzip");
      assertThat(response.contentLength()).hasValue(7);
      assertThat(TestSource.readAll(response)).isEqualTo(compressed);
    }
  }

  @Test
  void requestHeadersGoAlongExceptThoseThatAreDecidedHere() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT));
        HttpSource configured =
            TestSource.create(
                TestSource.options()
                    .requestHeaders(Map.of("X-Team", "configured", "X-Region", "eu")))) {
      configured
          .open(
              OriginRequest.of(origin.url("/a"))
                  .withHeaders(
                      Map.of(
                          "Range", "bytes=7-9",
                          "If-Range", "\"x\"",
                          "If-None-Match", "\"x\"",
                          "Host", "elsewhere",
                          "Connection", "close",
                          "x-team", "mine",
                          "Authorization", "Bearer abc",
                          "User-Agent", "curl/8")))
          .close();

      assertThat(origin.lastRequest().headers())
          .containsEntry("x-team", "mine")
          .containsEntry("x-region", "eu")
          .containsEntry("authorization", "Bearer abc")
          .containsEntry("user-agent", "curl/8")
          .containsEntry("host", "127.0.0.1:" + origin.port())
          .doesNotContainKeys("range", "if-range", "if-none-match")
          .doesNotContainEntry("connection", "close");
    }
  }

  @Test
  void userAndPasswordOfTheUrlBecomeBasicAuthorization() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      source.open(OriginRequest.of(origin.url("me:pass%21@127.0.0.1", "/a"))).close();

      String expected =
          Base64.getEncoder().encodeToString("me:pass!".getBytes(StandardCharsets.UTF_8));
      assertThat(origin.lastRequest().header("authorization")).hasValue("Basic " + expected);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"//double//slash", "/a%2Fb/../c", "/sign?X=%2Fa+b&Y=a/b=c", "/%E2%82%AC?q[]=1"})
  void pathsAndQueriesGoOnTheWireAsTheyAre(String target) throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      source.open(OriginRequest.of(origin.url(target))).close();

      assertThat(origin.lastRequest().target()).isEqualTo(target);
    }
  }

  @Test
  void bytesArriveInDirectAndInHeapBuffersWithAnOffset() throws Exception {
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT))) {
      int room = CONTENT.length + 1;
      for (ByteBuffer target :
          List.of(
              ByteBuffer.allocate(room + 10).position(10).slice(),
              ByteBuffer.allocateDirect(room + 10).position(10).slice())) {
        try (OriginResponse response = source.open(OriginRequest.of(origin.url("/a")))) {
          int total = 0;
          for (int count = 0; count >= 0; count = response.read(target)) {
            total += count;
          }
          assertThat(total).isEqualTo(CONTENT.length);
        }
        assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(CONTENT));
      }
    }
  }

  @Test
  void rubbishInsteadOfHttpIsABadAnswer() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.body("SSH-2.0-OpenSSH\r\n".repeat(20));
          wire.close();
        })) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isIn(Kind.BAD_ANSWER, Kind.UNAVAILABLE);
    }
  }

  @Test
  void headerThatDoesNotEndIsCutOff() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.body("HTTP/1.1 200 OK\r\nX: ");
          wire.body("x".repeat(200_000));
          wire.awaitClientClose();
        })) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.BAD_ANSWER);
    }
  }

  @Test
  void closingTheSourceEndsWhatIsBeingRead() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) -> {
          wire.head("HTTP/1.1 200 OK", "Content-Length: 10");
          wire.awaitClientClose();
        })) {
      OriginResponse response = source.open(OriginRequest.of(origin.url("/a")));
      Thread closer = Thread.ofVirtual().start(source::close);

      OriginException failure = TestSource.readFailure(response);
      closer.join();

      assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
      assertThat(TestSource.failure(source, OriginRequest.of(origin.url("/a"))).kind())
          .isEqualTo(Kind.CANCELLED);
    }
  }

  @Test
  void anAnswerWithoutItsBodyIsAskedForByHead() throws Exception {
    try (TestOrigin origin =
        TestOrigin.start((request, wire) ->
            wire.head("HTTP/1.1 200 OK", "Content-Length: " + CONTENT.length, "ETag: \"1\""))) {
      OriginRequest request =
          OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 5)).asHead();
      for (int i = 0; i < 2; i++) {
        try (OriginResponse response = source.open(request)) {
          assertThat(response.status()).isEqualTo(200);
        }
      }

      assertThat(origin.lastRequest().method()).isEqualTo("HEAD");
      assertThat(origin.lastRequest().header("range")).isEmpty();
      assertThat(origin.connections()).isEqualTo(1);
    }
  }
}
