package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.re2j.Pattern;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** What clients, origins and token servers send through the proxy, up to where it goes. */
final class RequestFuzzTest {
  private static final HostPort PLACE = HostPort.parse("registry.example:443");
  private static final int LENGTH = 1000;

  private final Registries registries = new Registries("https://usual.example");
  private final TaskChoice choice =
      new TaskChoice(
          new ProxyOptions(
              InetSocketAddress.createUnresolved("127.0.0.1", 4001),
              "127.0.0.1",
              "https://usual.example",
              false,
              true,
              List.of(
                  new ProxyOptions.Rule(
                      Pattern.compile("/files/"), true, Optional.of("other:81"), List.of("a"))),
              false,
              true,
              100,
              Optional.empty(),
              false,
              Optional.empty(),
              Duration.ofSeconds(1)));

  static Stream<byte[]> heads() {
    String digest = "sha256:" + "a1".repeat(32);
    return Stream.of(
        head(
            "CONNECT registry.example:443 HTTP/1.1",
            "Host: registry.example:443",
            "",
            "\u0016\u0003"),
        head("CONNECT [::1]:443 HTTP/1.1", "Host: x", "Proxy-Authorization: Basic YTpi", "", ""),
        head("GET /v2/a/b/blobs/" + digest + "?ns=docker.io HTTP/1.1", "Host: x", "", ""),
        head("HEAD /ghcr.io/v2/a/manifests/" + digest + " HTTP/1.0", "", ""),
        head(
            "GET http://u:p@o.example:80/files/a?b#c HTTP/1.1",
            "Host: o",
            "Range: bytes=0-1",
            "Connection: close, x-a",
            "X-A: 1",
            "Cookie: a",
            "Cookie: b",
            "",
            ""),
        head(
            "GET http://o/x HTTP/1.1",
            "Host: o",
            "X-Dragonfly-Use-P2P: true",
            "X-Dragonfly-Piece-Length: 4MiB",
            "X-Dragonfly-Priority: 3",
            "X-Dragonfly-Filtered-Query-Params: a, b",
            "X-Dragonfly-Tag: t",
            "X-Dragonfly-Registry: localhost:5000",
            "X-Dragonfly-Prefetch: false",
            "",
            ""),
        head(
            "POST http://o/x HTTP/1.1",
            "Host: o",
            "Transfer-Encoding: chunked",
            "",
            "5;a=b",
            "hello",
            "0",
            "T: x",
            "",
            "GET / HTTP/1.1",
            "Host: o",
            "",
            ""),
        head(
            "PUT http://o/x HTTP/1.1",
            "Host: o",
            "Content-Length: 3",
            "Expect: 100-continue",
            "",
            "abc"));
  }

  private static byte[] head(String... lines) {
    return bytes(String.join("\r\n", lines));
  }

  static Stream<byte[]> ranges() {
    return Stream.of("bytes=0-99", "bytes=0-0,5-9 , -3", "Bytes=7-", "lines=1-2", "\"etag\"")
        .map(RequestFuzzTest::bytes);
  }

  static Stream<byte[]> tokens() {
    return Stream.of(
            "{\"token\":\"abc\",\"expires_in\":300,\"issued_at\":\"2025-01-01T00:00:00Z\"}",
            "{\"access_token\":\"x\",\"refresh_token\":null,\"expires_in\":1e9}",
            "[\"token\"]")
        .map(RequestFuzzTest::bytes);
  }

  static Stream<byte[]> challenges() {
    return Stream.of(
            "Bearer realm=\"https://auth.example:443/token?a\",service=\"r\",scope=\"a:b:pull\"",
            "Basic realm=\"x\", Bearer scope=\"y\",realm=\"http://[::1]/\"")
        .map(RequestFuzzTest::bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String text(byte[] input) {
    return new String(input, StandardCharsets.ISO_8859_1);
  }

  @MethodSource("heads")
  @FuzzTest(maxDuration = "1m")
  void head(byte[] input) {
    EmbeddedChannel channel = new EmbeddedChannel(new StrictDecoder());
    try {
      channel.writeInbound(Unpooled.wrappedBuffer(input));
      for (Object message = channel.readInbound(); message != null; ) {
        if (message instanceof HttpRequest request && Requests.mistake(request) == null) {
          place(request);
          assertThat(Fields.ofRequest(request.headers()))
              .noneMatch(field -> field.name().equalsIgnoreCase("connection"));
        }
        ReferenceCountUtil.release(message);
        message = channel.readInbound();
      }
    } finally {
      channel.finishAndReleaseAll();
    }
  }

  /** As {@link Dispatch} does it, but for the asking of name servers. */
  private void place(HttpRequest request) {
    String target = request.uri();
    try {
      String inside =
          Interception.url(PLACE, target, Optional.ofNullable(request.headers().get("host")));
      assertThat(Destinations.of(inside)).isEqualTo(PLACE);
    } catch (Refusal e) {
      assertThat(e.getMessage()).isNotBlank();
    }
    try {
      if (request.method().equals(HttpMethod.CONNECT)) {
        assertThat(Dispatch.named(target).port()).isBetween(0, 65_535);
        return;
      }
      boolean mirror = target.startsWith("/");
      String url =
          mirror
              ? registries.url(target, request.headers().get("X-Dragonfly-Registry"))
              : Dispatch.absolute(target);
      Optional<TaskAsk> ask = choice.of(request, url, mirror || url.contains("/v2/"));
      assertThat(Destinations.of(ask.map(TaskAsk::url).orElse(url)).port()).isBetween(0, 65_535);
    } catch (Refusal e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @MethodSource("ranges")
  @FuzzTest(maxDuration = "1m")
  void range(byte[] input) {
    Ranges ranges = Ranges.of(text(input));
    assertThat(Ranges.of(ranges.header().orElse(null)).header()).isEqualTo(ranges.header());
    long sum = 0;
    for (ByteRange range : ranges.within(LENGTH)) {
      assertThat(range.endExclusive()).isLessThanOrEqualTo(LENGTH);
      sum += range.length();
    }
    assertThat(sum).isLessThan(2 * LENGTH + 2);
    boolean _ =
        Ranges.holds(
            text(input),
            ContentInfo.of(LENGTH, 1 << 20, "v", Map.of("last-modified", text(input))));
  }

  @MethodSource("tokens")
  @FuzzTest(maxDuration = "1m")
  void token(byte[] input) {
    long[] now = {0};
    TokenCache cache = new TokenCache(() -> now[0]);
    cache.put("k", new String(input, StandardCharsets.UTF_8));
    now[0] = Duration.ofSeconds(20).toNanos();
    cache.get("k").ifPresent(text -> assertThat(text).contains("token"));
    now[0] = Duration.ofMinutes(5).toNanos();
    assertThat(cache.get("k")).isEmpty();
  }

  @MethodSource("challenges")
  @FuzzTest(maxDuration = "1m")
  void challenge(byte[] input) {
    Challenges challenges = new Challenges();
    challenges.saw(List.of(text(input)));
    boolean _ = challenges.lead(text(input));
  }

  @Test
  void headsThatAreNearlyRight() {
    Mutations.tryAll(heads(), this::head);
  }

  @Test
  void rangesThatAreNearlyRight() {
    Mutations.tryAll(ranges(), this::range);
  }

  @Test
  void tokensThatAreNearlyRight() {
    Mutations.tryAll(tokens(), this::token);
  }

  @Test
  void challengesThatAreNearlyRight() {
    Mutations.tryAll(challenges(), this::challenge);
  }
}
