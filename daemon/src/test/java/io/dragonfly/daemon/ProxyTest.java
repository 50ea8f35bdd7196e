package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One daemon's proxy, as its clients see it. */
class ProxyTest {
  private static final int LENGTH = 2 * (4 << 20) + 12345;

  @TempDir Path dir;
  private final HttpClient http = HttpClient.newHttpClient();
  private ProxyOrigin origin;
  private Daemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(LENGTH);
    daemon = daemon("one", "", "");
  }

  @AfterEach
  void stop() {
    http.close();
    daemon.close();
    origin.close();
  }

  private Daemon daemon(String name, String server, String proxy) throws Exception {
    Daemon made =
        new Daemon(
            LoopbackConfig.ofProxy(
                dir,
                name,
                """
                proxy:
                  server: {ip: 127.0.0.1, port: 0%s}
                %s
                """
                    .formatted(server, proxy.indent(2))),
            dir.resolve("dynconfig.yaml"));
    made.start();
    return made;
  }

  private HttpRequest.Builder mirror(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.proxyPort() + path))
        .header("X-Dragonfly-Registry", origin.base());
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), BodyHandlers.ofByteArray());
  }

  /** What comes back on a connection of its own, to its end. */
  private String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), daemon.proxyPort())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  @Test
  void aBlobIsReadAtItsRegistryOnceAndComesWithWhatBelongsToIt() throws Exception {
    HttpResponse<byte[]> first = send(mirror(origin.path()));
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.body()).isEqualTo(origin.blob());
    assertThat(first.headers().firstValue("x-dragonfly-task-id")).isPresent();
    assertThat(first.headers().firstValue("x-dragonfly-task-download-finished")).isEmpty();

    HttpResponse<byte[]> second = send(mirror(origin.path()));
    assertThat(second.body()).isEqualTo(origin.blob());
    assertThat(second.headers().firstValue("x-dragonfly-task-download-finished")).hasValue("true");
    assertThat(second.headers().firstValue("x-dragonfly-server-ip")).hasValue("127.0.0.1");
    assertThat(second.headers().firstValue("content-type")).hasValue("application/x-layer");
    assertThat(second.headers().firstValue("etag")).hasValue("\"1\"");
    assertThat(second.headers().firstValue("set-cookie")).isEmpty();
    assertThat(second.headers().firstValueAsLong("content-length")).hasValue(LENGTH);
    assertThat(origin.served.get()).isEqualTo(LENGTH);
    assertThat(daemon.traffic()).isEqualTo(new Daemon.Traffic(LENGTH, 0, 0, LENGTH));
  }

  @Test
  void whatIsHeldHereIsOnlyForWhomTheRegistryAccepts() throws Exception {
    origin.wanted = "Bearer a";
    HttpRequest.Builder right = mirror(origin.path()).header("Authorization", "Bearer a");
    assertThat(send(right).body()).isEqualTo(origin.blob());
    assertThat(send(mirror(origin.path())).statusCode()).isEqualTo(401);
    assertThat(send(mirror(origin.path()).header("Authorization", "Bearer b")).statusCode())
        .isEqualTo(401);
    HttpResponse<byte[]> part =
        send(mirror(origin.path()).header("Authorization", "b").header("Range", "bytes=0-9"));
    assertThat(part.statusCode()).isEqualTo(401);

    assertThat(send(right).body()).isEqualTo(origin.blob());
    long questions =
        origin.asked.stream()
            .filter(one -> List.of("bytes=0-0").equals(one.headers().get("Range")))
            .count();
    assertThat(questions).as("one of each who had not read it there").isEqualTo(3);
    origin.close();
    assertThat(send(right).body()).as("a yes is remembered").isEqualTo(origin.blob());
    assertThat(send(mirror(origin.path()).header("Authorization", "c")).statusCode())
        .isEqualTo(502);
    assertThat(origin.served.get()).isEqualTo(LENGTH);
  }

  @Test
  void aHeadOfWhatADigestNamesIsAnsweredFromHereWhileTheRegistryIsDown() throws Exception {
    origin.wanted = "Bearer a";
    HttpRequest.Builder right = mirror(origin.path()).header("Authorization", "Bearer a");
    assertThat(send(right).body()).isEqualTo(origin.blob());
    origin.close();
    HttpResponse<byte[]> head = send(right.HEAD());
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.headers().firstValueAsLong("content-length")).hasValue(LENGTH);
    assertThat(head.headers().firstValue("content-type")).hasValue("application/x-layer");
    assertThat(send(mirror(origin.path()).HEAD()).statusCode()).isEqualTo(502);
    String unknown = "/v2/team/app/blobs/sha256:" + "a".repeat(64);
    assertThat(send(mirror(unknown).HEAD()).statusCode()).isEqualTo(502);
    String tag = "/v2/team/app/manifests/latest";
    assertThat(send(mirror(tag).HEAD()).statusCode()).isEqualTo(502);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ns", "prefix of the path", "prefix of the name"})
  void aRegistryIsFoundHoweverItIsNamed(String how) throws Exception {
    String host = origin.base().substring("http://".length());
    String path =
        switch (how) {
          case "ns" -> origin.path() + "?ns=" + host.replace(":", "%3A");
          case "prefix of the path" -> "/" + host + origin.path();
          default -> "/v2/" + host + origin.path().substring("/v2".length());
        };
    HttpResponse<byte[]> answer =
        send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.proxyPort() + path)));
    assertThat(answer.body()).isEqualTo(origin.blob());
    assertThat(origin.asked).allMatch(one -> one.target().startsWith("/v2/team/app/blobs/sha256:"));
    assertThat(origin.asked).allMatch(one -> !one.target().contains("ns="));
  }

  @Test
  void theFirstByteGoesOutAsTheOriginGivesItAndNotAsAPiece() throws Exception {
    origin.steps = new Semaphore(1);
    HttpResponse<InputStream> answer =
        http.send(mirror(origin.path()).build(), BodyHandlers.ofInputStream());
    byte[] some = answer.body().readNBytes(64 << 10);
    assertThat(some).isEqualTo(Arrays.copyOf(origin.blob(), 64 << 10));
    assertThat(origin.served.get()).isLessThan(4 << 20);
    origin.steps.release(1 << 20);
    assertThat(answer.body().readAllBytes())
        .isEqualTo(Arrays.copyOfRange(origin.blob(), 64 << 10, LENGTH));
  }

  @Test
  void whatIsNotWhatTheDigestSaysNeverEndsProperly() {
    String wrong = "/v2/team/app/blobs/sha256:" + "a".repeat(64);
    assertThatThrownBy(() -> send(mirror(wrong))).isInstanceOf(IOException.class);
  }

  @Test
  void aDownloadStopsWhenItsClientGoesAway() throws Exception {
    origin.steps = new Semaphore(2);
    HttpResponse<InputStream> answer =
        http.send(mirror(origin.path()).build(), BodyHandlers.ofInputStream());
    assertThat(answer.body().readNBytes(1)).hasSize(1);
    answer.body().close();
    await()
        .until(() -> {
          origin.steps.release();
          return origin.broken.get() > 0;
        });
    assertThat(origin.served.get()).isLessThan(LENGTH);
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-0, 0, 1",
    "bytes=4194300-4194399, 4194300, 100",
    "bytes=8388608-, 8388608, 12345",
    "bytes=-5, 8400948, 5",
    "bytes=8400000-99999999, 8400000, 953"
  })
  void aRangeIsAnsweredByThatPart(String range, int start, int length) throws Exception {
    HttpResponse<byte[]> answer = send(mirror(origin.path()).header("Range", range));
    assertThat(answer.statusCode()).isEqualTo(206);
    assertThat(answer.headers().firstValue("content-range"))
        .hasValue("bytes " + start + "-" + (start + length - 1) + "/" + LENGTH);
    assertThat(answer.body()).isEqualTo(Arrays.copyOfRange(origin.blob(), start, start + length));
  }

  @Test
  void aSmallRangeReadsWhatIsAroundItAtTheRegistryAndTheRestComesWhenItIsWanted() throws Exception {
    int start = 5_000_000;
    HttpRequest.Builder range =
        mirror(origin.path()).header("Range", "bytes=" + start + "-" + (start + 65_535));
    byte[] expected = Arrays.copyOfRange(origin.blob(), start, start + 65_536);
    assertThat(send(range).body()).isEqualTo(expected);
    long read = origin.served.get();
    assertThat(read).as("at most the longest block").isLessThanOrEqualTo(1 << 20);

    HttpResponse<byte[]> again = send(range);
    assertThat(again.body()).isEqualTo(expected);
    assertThat(again.headers().firstValue("x-dragonfly-task-download-finished")).hasValue("true");
    assertThat(origin.served.get()).isEqualTo(read);

    assertThat(send(mirror(origin.path())).body()).isEqualTo(origin.blob());
    assertThat(origin.served.get()).isLessThanOrEqualTo(LENGTH + read);
  }

  @Test
  void severalRangesComeAsParts() throws Exception {
    HttpResponse<byte[]> answer =
        send(mirror(origin.path()).header("Range", "bytes=1-3, 8400000-8400001,-2"));
    assertThat(answer.statusCode()).isEqualTo(206);
    String type = answer.headers().firstValue("content-type").orElseThrow();
    assertThat(type).startsWith("multipart/byteranges; boundary=");
    String boundary = type.substring(type.indexOf('=') + 1);
    String expected =
        part(boundary, 1, 4)
            + part(boundary, 8400000, 8400002)
            + part(boundary, LENGTH - 2, LENGTH)
            + "\r\n--"
            + boundary
            + "--\r\n";
    assertThat(new String(answer.body(), ISO_8859_1)).isEqualTo(expected);
  }

  private String part(String boundary, int start, int end) {
    return "\r\n--"
        + boundary
        + "\r\nContent-Type: application/x-layer\r\nContent-Range: bytes "
        + start
        + "-"
        + (end - 1)
        + "/"
        + LENGTH
        + "\r\n\r\n"
        + new String(Arrays.copyOfRange(origin.blob(), start, end), ISO_8859_1);
  }

  @Test
  void aRangeBeyondTheContentIsRefusedWithItsLength() throws Exception {
    HttpResponse<byte[]> answer =
        send(mirror(origin.path()).header("Range", "bytes=" + LENGTH + "-"));
    assertThat(answer.statusCode()).isEqualTo(416);
    assertThat(answer.headers().firstValue("content-range")).hasValue("bytes */" + LENGTH);
  }

  @ParameterizedTest
  @CsvSource({"'\"1\"', 206", "'\"2\"', 200", "'W/\"1\"', 200"})
  void ifRangeComparesStrongly(String condition, int status) throws Exception {
    HttpResponse<byte[]> answer =
        send(mirror(origin.path()).header("Range", "bytes=0-9").header("If-Range", condition));
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).hasSize(status == 206 ? 10 : LENGTH);
  }

  @Test
  void aRangeThatIsNoneMeansTheWhole() throws Exception {
    assertThat(send(mirror(origin.path()).header("Range", "bytes=9-1")).statusCode())
        .isEqualTo(200);
    assertThat(send(mirror(origin.path()).header("Range", "lines=1-2")).statusCode())
        .isEqualTo(200);
  }

  @Test
  void aPartBringsTheWholeWhereThatIsWanted() throws Exception {
    send(mirror(origin.path()).header("Range", "bytes=0-9").header("X-Dragonfly-Prefetch", "true"));
    await().until(() -> origin.served.get() >= LENGTH);
    await()
        .until(() ->
            send(mirror(origin.path()))
                .headers()
                .firstValue("x-dragonfly-task-download-finished")
                .isPresent());
    assertThat(origin.served.get()).isLessThan(2L * LENGTH);
  }

  @Test
  void everythingElseGoesToTheOriginAndBackAsItComes() throws Exception {
    byte[] sent = Arrays.copyOf(origin.blob(), 1_000_000);
    HttpResponse<byte[]> chunked =
        send(
            mirror("/v2/team/app/blobs/uploads/1?a=b%20c")
                .header("Authorization", "Bearer x")
                .header("X-Dragonfly-Tag", "t")
                .header("Proxy-Authorization", "Basic eDp5")
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(sent))));
    assertThat(chunked.statusCode()).isEqualTo(200);
    assertThat(chunked.body()).isEqualTo(sent);
    assertThat(chunked.headers().firstValue("x-answer")).hasValue("yes");
    assertThat(chunked.headers().firstValue("keep-alive")).isEmpty();
    ProxyOrigin.Asked asked = origin.asked.getLast();
    assertThat(asked.target()).isEqualTo("/v2/team/app/blobs/uploads/1?a=b%20c");
    assertThat(asked.headers()).containsEntry("Authorization", List.of("Bearer x"));
    assertThat(asked.headers()).doesNotContainKey("Proxy-authorization");
    assertThat(asked.headers().keySet()).noneMatch(name -> name.startsWith("X-dragonfly"));

    HttpResponse<byte[]> head =
        send(mirror("/v2/team/app/manifests/latest").method("HEAD", BodyPublishers.noBody()));
    assertThat(head.headers().firstValue("x-answer")).hasValue("yes");
    assertThat(send(mirror("/v2/team/app/manifests/latest")).statusCode()).isEqualTo(200);
    assertThat(send(mirror("/v2/team/app/manifests/latest")).statusCode()).isEqualTo(200);
    assertThat(origin.asked).hasSize(4);
    HttpResponse<byte[]> refused = send(mirror("/v2/missing/manifests/latest"));
    assertThat(refused.statusCode()).isEqualTo(401);
    assertThat(refused.headers().firstValue("www-authenticate")).hasValue("Bearer realm=\"r\"");
  }

  @Test
  void nobodyWritesFilesThroughTheProxy() throws Exception {
    Path target = dir.resolve("written");
    HttpResponse<byte[]> answer =
        send(mirror(origin.path()).header("X-Dragonfly-Output-Path", target.toString()));
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.headers().firstValue("x-dragonfly-error-type")).hasValue("proxy");
    assertThat(target).doesNotExist();
    assertThat(origin.served.get()).isZero();
  }

  @Test
  void aHardLinkIsOneToAFileThatNobodyMayName() throws Exception {
    Path target = dir.resolve("written");
    HttpResponse<byte[]> answer =
        send(
            mirror(origin.path())
                .header("X-Dragonfly-Force-Hard-Link", "true")
                .header("X-Dragonfly-Output-Path", target.toString()));
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(target).doesNotExist();

    HttpResponse<byte[]> alone =
        send(mirror(origin.path()).header("X-Dragonfly-Force-Hard-Link", "true"));
    HttpResponse<byte[]> without = send(mirror(origin.path()));
    assertThat(alone.body()).isEqualTo(origin.blob());
    assertThat(alone.headers().firstValue("x-dragonfly-task-id"))
        .isEqualTo(without.headers().firstValue("x-dragonfly-task-id"));
    assertThat(origin.asked)
        .allMatch(one -> !one.headers().containsKey("X-dragonfly-force-hard-link"));
    assertThat(origin.served.get()).isEqualTo(LENGTH);
  }

  @Test
  void aBodyIsSentOnlyWhenItIsWanted() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), daemon.proxyPort())) {
      socket.setSoTimeout(20_000);
      String head =
          "PUT "
              + origin.base()
              + "/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
              + "Expect: 100-continue\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(US_ASCII));
      byte[] first = socket.getInputStream().readNBytes(25);
      assertThat(new String(first, US_ASCII)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      socket.getOutputStream().write("abc".getBytes(US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .contains("abc");
    }
  }

  @Test
  void requestsThatFollowEachOtherAtOnceAreAnsweredInOrder() throws Exception {
    String one = "POST " + origin.base() + "/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n";
    String answers = raw(one + "\r\nabc" + one + "\r\ndef" + one + "Connection: close\r\n\r\nghi");
    assertThat(answers.split("HTTP/1.1 200 OK", -1)).hasSize(4);
    assertThat(answers.indexOf("abc")).isLessThan(answers.indexOf("def"));
    assertThat(answers.indexOf("def")).isLessThan(answers.indexOf("ghi"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200"})
  void addressesThatGiveAwayCredentialsAreNotAsked(String host) throws Exception {
    String absolute = "GET http://" + host + "/latest HTTP/1.1\r\nHost: h\r\n";
    assertThat(raw(absolute + "Connection: close\r\n\r\n")).startsWith("HTTP/1.1 403 ");
    String asTask = absolute + "X-Dragonfly-Use-P2P: true\r\nConnection: close\r\n\r\n";
    assertThat(raw(asTask)).startsWith("HTTP/1.1 403 ");
    String tunnel = "CONNECT " + host + ":80 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assertThat(raw(tunnel)).startsWith("HTTP/1.1 403 ");
  }

  @Test
  void theProxyDoesNotAskItself() throws Exception {
    String self = "http://127.0.0.1:" + daemon.proxyPort() + "/x";
    assertThat(raw("GET " + self + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 508 ");
  }

  @Test
  void anOriginThatIsNotThereIsABadGateway() throws Exception {
    String url = origin.base();
    origin.close();
    assertThat(raw("GET " + url + "/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 502 ")
        .contains("X-Dragonfly-Error-Type: backend");
  }

  @Test
  void rulesSendRequestsThroughTheSwarmAndElsewhere() throws Exception {
    daemon.close();
    String host = origin.base().substring("http://".length());
    daemon =
        daemon("two", "", "rules: [{regex: 'example\\.org/.*/blobs', redirect: '" + host + "'}]");
    try (HttpClient client =
        HttpClient.newBuilder()
            .proxy(
                ProxySelector.of(
                    InetSocketAddress.createUnresolved("127.0.0.1", daemon.proxyPort())))
            .build()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://example.org/any/blobs/one?q=blobs")).build();
      for (int i = 0; i < 2; i++) {
        HttpResponse<byte[]> answer = client.send(request, BodyHandlers.ofByteArray());
        assertThat(answer.body()).isEqualTo(origin.blob());
        assertThat(answer.headers().firstValue("x-dragonfly-task-id")).isPresent();
      }
      assertThat(origin.served.get()).isEqualTo(LENGTH);
      HttpRequest other = HttpRequest.newBuilder(URI.create(origin.base() + "/x")).build();
      assertThat(client.send(other, BodyHandlers.ofByteArray()).headers().firstValue("x-answer"))
          .hasValue("yes");
    }
  }

  @Test
  void whoMayNotUseTheProxyIsToldBeforeATunnelOpens() throws Exception {
    daemon.close();
    daemon = daemon("three", ", basicAuth: {username: u, password: p}", "");
    String host = origin.base().substring("http://".length());
    String connect = "CONNECT " + host + " HTTP/1.1\r\nHost: h\r\n";
    assertThat(raw(connect + "Connection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 407 ")
        .contains("proxy-authenticate: Basic realm=\"dragonfly\"");
    for (String wrong : List.of("Basic", "x", "Basic dTpx", "Bearer dTpw", "Basic !")) {
      assertThat(raw(connect + "Proxy-Authorization: " + wrong + "\r\nConnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 407 ");
    }
    String right =
        "Proxy-Authorization: basic "
            + Base64.getEncoder().encodeToString("u:p".getBytes(US_ASCII));
    String inside =
        "POST /in HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    assertThat(raw(connect + right + "\r\n\r\n" + inside))
        .startsWith("HTTP/1.1 200 Connection Established\r\n\r\nHTTP/1.1 200 OK")
        .contains("hi");
    assertThat(origin.asked.getLast().headers()).doesNotContainKey("Proxy-authorization");
  }

  @Test
  void tooManyRequestsAreToldSo() throws Exception {
    daemon.close();
    daemon = daemon("four", ", requestRateLimit: 1", "");
    String ping = "GET /v2/ HTTP/1.1\r\nHost: h\r\n";
    String answers = raw(ping + "\r\n" + ping + "Connection: close\r\n\r\n");
    assertThat(answers).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 429 ");
  }
}
