package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.storage.StoreOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets content that was read with credentials, where it is held and where it is not. */
@Timeout(120)
final class RightsTest {
  private static final int PIECE = 1 << 20;
  private static final TaskId TASK = new TaskId("0123456789abcdef");
  private static final byte[] CONTENT = content();

  @TempDir private Path directory;
  private final FakeSwarm swarm = new FakeSwarm();
  private final List<AutoCloseable> open = new ArrayList<>();
  private TestOrigin origin;

  private static byte[] content() {
    byte[] bytes = new byte[3 * PIECE + 5];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  @BeforeEach
  void begin() throws IOException {
    origin = new TestOrigin(CONTENT);
    origin.accepted.addAll(List.of("Bearer a", "Bearer too"));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : open.reversed()) {
      closeable.close();
    }
    origin.close();
    swarm.close();
  }

  private TestHost host(String name, DownloadOptions options) throws IOException {
    TestHost host =
        new TestHost(swarm, name, directory, StoreOptions.defaults(), Long.MAX_VALUE, options);
    open.add(host);
    return host;
  }

  private TestHost host(String name) throws IOException {
    return host(name, DownloadOptions.DEFAULTS);
  }

  private DownloadRequest request(String authorization) {
    String url = origin.url().replaceAll("[?].*", "");
    DownloadRequest request = Requests.withPieceLength(DownloadRequest.of(TASK, url), PIECE);
    return authorization.isEmpty()
        ? request
        : Requests.withHeaders(request, Map.of("Authorization", authorization));
  }

  private Caller start(TestHost host, String authorization) throws DownloadException {
    Caller caller = new Caller();
    host.downloads.start(request(authorization), caller);
    return caller;
  }

  private static void assertRefused(Caller caller) {
    DownloadException failure = caller.awaitFailed();
    assertThat(failure.code()).isEqualTo(Code.ORIGIN_REFUSED);
    assertThat(failure.originStatus()).hasValue(401);
    assertThat(failure.originHeaders()).containsKey("www-authenticate");
    assertThat(caller.started).isEmpty();
    assertThat(caller.pieces).isEmpty();
  }

  @Test
  void whoeverReadItNeedNotAskAgain() throws Exception {
    TestHost host = host("one");
    start(host, "Bearer a").awaitFinished();
    start(host, "Bearer a").awaitFinished();

    assertThat(origin.questions).isEmpty();
    assertThat(origin.bytes.get()).isEqualTo(CONTENT.length);
  }

  @Test
  void nobodyGetsItOnItsHostWithoutTheOriginsYes() throws Exception {
    TestHost host = host("one");
    start(host, "Bearer a").awaitFinished();
    assertRefused(start(host, ""));
    assertRefused(start(host, "Bearer b"));
    Caller too = start(host, "Bearer too");

    assertThat(too.awaitFinished().bytes().cache()).isEqualTo(CONTENT.length);
    assertThat(origin.questions).containsExactly("null", "Bearer b", "Bearer too");
    assertThat(origin.bytes.get()).isEqualTo(CONTENT.length);
  }

  /** What origins do that have a page for outsiders: by status 200, whatever was asked. */
  @ParameterizedTest
  @ValueSource(strings = {"length", "etag", "neither"})
  void aPageToSignInIsNoYes(String told) throws Exception {
    origin.signIn =
        exchange -> {
          byte[] page = new byte[told.equals("length") ? 1000 : CONTENT.length];
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          if (told.equals("etag")) {
            exchange.getResponseHeaders().set("ETag", "\"page\"");
          }
          exchange.sendResponseHeaders(200, told.equals("neither") ? 0 : page.length);
          exchange.getResponseBody().write(page);
        };
    TestHost host = host("one");
    start(host, "Bearer a").awaitFinished();
    Caller caller = start(host, "Bearer b");
    assertThat(caller.awaitFailed().code()).isEqualTo(Code.CONTENT_CHANGED);
    assertThat(caller.awaitFailed()).hasMessageContaining("credentials are not accepted");
    assertThat(caller.started).isEmpty();
    assertThat(caller.pieces).isEmpty();
    assertThat(start(host, "Bearer too").awaitFinished().bytes().cache()).isEqualTo(CONTENT.length);
  }

  @Test
  void norWhileItIsBeingRead() throws Exception {
    origin.pauseMillis = 20;
    TestHost host = host("one");
    Caller first = start(host, "Bearer a");
    await().until(() -> !first.started.isEmpty());
    assertRefused(start(host, "Bearer b"));
    first.awaitFinished();
  }

  @Test
  void norOnAHostThatHasNothing() throws Exception {
    TestHost one = host("one");
    start(one, "Bearer a").awaitFinished();
    assertRefused(start(host("two"), ""));
    assertRefused(start(host("three"), "Bearer b"));
    Caller too = start(host("four"), "Bearer too");

    assertThat(too.awaitFinished().bytes().origin()).isZero();
    assertThat(origin.questions).containsExactlyInAnyOrder("null", "Bearer b", "Bearer too");
    assertThat(origin.bytes.get()).isEqualTo(CONTENT.length);
  }

  @Test
  void norAfterARestart() throws Exception {
    try (TestHost host = new TestHost(swarm, "one", directory, StoreOptions.defaults())) {
      start(host, "Bearer a").awaitFinished();
    }
    assertRefused(start(host("one"), "Bearer b"));
  }

  @Test
  void aCrowdAsksOnce() throws Exception {
    start(host("one"), "Bearer a").awaitFinished();
    TestHost two = host("two");
    List<Caller> crowd = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      crowd.add(start(two, "Bearer too"));
    }
    for (Caller caller : crowd) {
      caller.awaitFinished();
    }

    assertThat(origin.questions).containsExactly("Bearer too");
  }

  @Test
  void whatEverybodyMayReadIsNotAskedFor() throws Exception {
    origin.accepted.clear();
    start(host("one"), "").awaitFinished();
    start(host("two"), "").awaitFinished();
    start(host("three"), "Bearer b").awaitFinished();

    assertThat(origin.questions).isEmpty();
    assertThat(origin.bytes.get()).isEqualTo(CONTENT.length);
  }

  @Test
  void aYesLivesOnWhileTheOriginIsDown() throws Exception {
    TestHost patient =
        host("one", DownloadOptions.DEFAULTS.withRights(Duration.ofNanos(1), Duration.ofHours(1)));
    TestHost strict =
        host("two", DownloadOptions.DEFAULTS.withRights(Duration.ofNanos(1), Duration.ofNanos(1)));
    start(patient, "Bearer a").awaitFinished();
    start(strict, "Bearer a").awaitFinished();
    origin.status = 503;

    assertThat(start(patient, "Bearer a").awaitFinished().bytes().cache())
        .isEqualTo(CONTENT.length);
    Caller refused = start(strict, "Bearer a");
    assertThat(refused.awaitFailed().code()).isEqualTo(Code.ORIGIN_UNAVAILABLE);
    assertThat(refused.started).isEmpty();
    Caller unknown = start(patient, "Bearer too");
    assertThat(unknown.awaitFailed().code()).isEqualTo(Code.ORIGIN_UNAVAILABLE);
  }

  @Test
  void aSeedThatFetchesForOthersIsNotAsked() throws Exception {
    start(host("one"), "Bearer a").awaitFinished();
    TestHost seed = host("seed");
    CompletableFuture<Long> fetched = new CompletableFuture<>();
    seed.downloads.start(
        Requests.triggered(request("")),
        new DownloadListener() {
          @Override
          public boolean givesBytes() {
            return false;
          }

          @Override
          public void finished(DownloadSummary summary) {
            fetched.complete(summary.bytes().total());
          }

          @Override
          public void failed(DownloadException failure) {
            fetched.completeExceptionally(failure);
          }
        });

    assertThat(fetched.get(40, TimeUnit.SECONDS)).isEqualTo(CONTENT.length);
    assertThat(origin.questions).isEmpty();
  }

  @Test
  void whoClaimsToBeAskedByASchedulerGetsNothingByThat() throws Exception {
    TestHost host = host("one");
    start(host, "Bearer a").awaitFinished();
    Caller caller = new Caller();
    host.downloads.start(Requests.triggered(request("Bearer b")), caller);

    assertRefused(caller);
  }

  @Test
  void whoAsksElsewhereForTheSameTaskGetsNothing() throws Exception {
    TestHost one = host("one");
    start(one, "Bearer a").awaitFinished();
    try (TestOrigin evil = new TestOrigin(CONTENT)) {
      for (TestHost host : List.of(one, host("two"))) {
        Caller caller = new Caller();
        host.downloads.start(
            Requests.withPieceLength(DownloadRequest.of(TASK, evil.url()), PIECE), caller);
        assertThat(caller.awaitFailed()).hasMessageContaining("at another URL");
        assertThat(caller.started).isEmpty();
      }
    }
  }

  @Test
  void norDoesItAfterARestart() throws Exception {
    try (TestOrigin evil = new TestOrigin(CONTENT)) {
      start(host("one"), "Bearer a").awaitFinished();
      try (TestHost two = new TestHost(swarm, "two", directory, StoreOptions.defaults())) {
        Caller caller = new Caller();
        two.downloads.start(
            Requests.withPieceLength(DownloadRequest.of(TASK, evil.url()), PIECE), caller);
        caller.awaitFailed();
        start(two, "Bearer too").awaitFinished();
      }
      Caller caller = new Caller();
      host("two")
          .downloads
          .start(Requests.withPieceLength(DownloadRequest.of(TASK, evil.url()), PIECE), caller);
      assertThat(caller.awaitFailed()).hasMessageContaining("at another URL");
    }
  }

  @Test
  void whatIsHeldIsGivenAtOnceToThoseAloneWhoseRightsAreKnown() throws Exception {
    Digest.Calculator calculator = Algorithm.SHA256.newCalculator();
    calculator.update(ByteBuffer.wrap(CONTENT));
    Digest digest = calculator.result();
    TestHost host = host("one");
    Caller first = new Caller();
    host.downloads.start(Requests.withDigest(request("Bearer a"), digest), first);
    first.awaitFinished();

    assertThat(isHeld(host, Requests.withDigest(request("Bearer a"), digest))).isTrue();
    assertThat(isHeld(host, Requests.withDigest(request("Bearer too"), digest))).isFalse();
    assertThat(isHeld(host, Requests.withDigest(request("Bearer b"), digest))).isFalse();
    assertThat(isHeld(host, Requests.withDigest(request(""), digest))).isFalse();
    start(host, "Bearer too").awaitFinished();
    assertThat(isHeld(host, Requests.withDigest(request("Bearer too"), digest))).isTrue();
    assertThat(origin.questions).containsExactly("Bearer too");
  }

  private static boolean isHeld(TestHost host, DownloadRequest request) {
    Caller caller = new Caller();
    boolean held = host.downloads.startHeld(request, caller).isPresent();
    assertThat(caller.summaries).hasSize(held ? 1 : 0);
    assertThat(caller.started).hasSize(held ? 1 : 0);
    return held;
  }

  private Caller startManifest(TestHost host, String who) throws DownloadException {
    String url = origin.url().replaceAll("/file.*", "/v2/app/manifests/sha256:" + "0".repeat(64));
    Caller caller = new Caller();
    host.downloads.start(
        Requests.withHeaders(
            Requests.withPieceLength(DownloadRequest.of(TASK, url), PIECE),
            Map.of("Authorization", who)),
        caller);
    return caller;
  }

  /** As registries do that say the digest with the content only. */
  @ParameterizedTest
  @CsvSource({"true, HEAD Bearer too", "false, HEAD Bearer too;Bearer too"})
  void aManifestsDigestMayLackWithoutItsBody(boolean length, String questions) throws Exception {
    origin.digest = "sha256:" + "0".repeat(64);
    origin.headLength = length;
    TestHost host = host("one");
    startManifest(host, "Bearer a").awaitFinished();
    assertThat(startManifest(host, "Bearer too").awaitFinished().bytes().cache())
        .isEqualTo(CONTENT.length);
    assertThat(String.join(";", origin.questions)).isEqualTo(questions);

    origin.signIn =
        exchange -> {
          byte[] page = new byte[1000];
          boolean head = exchange.getRequestMethod().equals("HEAD");
          exchange.getResponseHeaders().set("Content-Length", "1000");
          exchange.sendResponseHeaders(200, head ? -1 : page.length);
          if (!head) {
            exchange.getResponseBody().write(page);
          }
        };
    Caller other = startManifest(host, "Bearer b");
    assertThat(other.awaitFailed().code()).isEqualTo(Code.CONTENT_CHANGED);
    assertThat(other.started).isEmpty();
  }

  /** One yes is for all that a repository has, and for no other's. */
  @Test
  void aYesCountsForItsRepository() throws Exception {
    TestHost host = host("one");
    String base = origin.url().replaceAll("/file.*", "");
    List<String> urls =
        List.of(
            base + "/v2/app/blobs/sha256:" + "1".repeat(64),
            base + "/v2/app/blobs/sha256:" + "2".repeat(64),
            base + "/v2/other/blobs/sha256:" + "3".repeat(64));
    for (String who : List.of("Bearer a", "Bearer too")) {
      for (String url : urls) {
        Caller caller = new Caller();
        TaskId task = new TaskId(url.substring(url.length() - 64));
        host.downloads.start(
            Requests.withHeaders(
                Requests.withPieceLength(DownloadRequest.of(task, url), PIECE),
                Map.of("Authorization", who)),
            caller);
        caller.awaitFinished();
      }
    }
    assertThat(origin.questions).containsExactly("Bearer too", "Bearer too");
    assertThat(DownloadOptions.DEFAULTS.rightsFresh()).isEqualTo(Duration.ofSeconds(60));
  }

  @Test
  void aManifestIsAskedForByHead() throws Exception {
    TestHost host = host("one");
    for (String who : List.of("Bearer a", "Bearer too", "Bearer b")) {
      Caller caller = startManifest(host, who);
      if (who.equals("Bearer b")) {
        assertRefused(caller);
      } else {
        caller.awaitFinished();
      }
    }

    assertThat(origin.questions).containsExactly("HEAD Bearer too", "HEAD Bearer b");
  }
}
