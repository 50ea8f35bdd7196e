package io.dragonfly.daemon.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** nginx as an origin that may be asked over HTTP/2, or may not. */
@Timeout(120)
final class Http2SourceTest {
  private static final byte[] CONTENT = TestSource.content(12_000_001);
  private static final String BOTH = "ssl http2";

  @TempDir private static Path shared;
  private static TestCertificates certificates;

  @TempDir private Path directory;
  private HttpSource source;

  @BeforeAll
  static void createCertificates() throws Exception {
    certificates = TestCertificates.create(shared);
  }

  @BeforeEach
  void begin() throws Exception {
    Files.createDirectories(directory.resolve("files"));
    Files.write(directory.resolve("files/a"), CONTENT);
    source = TestSource.create(options());
  }

  @AfterEach
  void close() {
    source.close();
  }

  private static SourceOptions.Builder options() throws Exception {
    return TestSource.options().caCertificates(List.of(certificates.authority()));
  }

  private NginxOrigin origin(String listen, String server) throws Exception {
    return NginxOrigin.start(directory, certificates, listen, server);
  }

  private static Set<String> connections(List<NginxOrigin.Line> lines) {
    return lines.stream().map(NginxOrigin.Line::connection).collect(Collectors.toSet());
  }

  private byte[] part(NginxOrigin origin, int from, int end) throws OriginException {
    return TestSource.readAll(
        source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(from, end))));
  }

  private static byte[] expected(int from, int end) {
    return Arrays.copyOfRange(CONTENT, from, end);
  }

  @Test
  void rangesAtTheSameTimeShareAConnection() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "");
        ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(part(origin, 0, 1000)).isEqualTo(expected(0, 1000));
      int length = CONTENT.length / 8;
      List<Future<byte[]>> parts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int from = i * length;
        parts.add(readers.submit(() -> part(origin, from, from + length)));
      }
      for (int i = 0; i < 8; i++) {
        assertThat(parts.get(i).get()).isEqualTo(expected(i * length, (i + 1) * length));
      }

      List<NginxOrigin.Line> log = origin.awaitLog(9);
      assertThat(log).hasSize(9).allMatch(NginxOrigin.Line::isHttp2);
      assertThat(log).allMatch(line -> line.status() == 206);
      assertThat(connections(log)).hasSize(1);
      assertThat(source.engine().openConnections()).isEqualTo(1);
    }
  }

  @Test
  void anOriginWithoutItIsAskedOverHttp1() throws Exception {
    try (NginxOrigin origin = origin("ssl", "")) {
      for (int i = 0; i < 3; i++) {
        assertThat(part(origin, i, 5000)).isEqualTo(expected(i, 5000));
      }

      List<NginxOrigin.Line> log = origin.awaitLog(3);
      assertThat(log).hasSize(3).allMatch(line -> line.protocol().equals("HTTP/1.1"));
      assertThat(connections(log)).hasSize(1);
    }
  }

  @Test
  void itIsNotOfferedWhereItIsSwitchedOff() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "");
        HttpSource old = TestSource.create(options().http2(false))) {
      assertThat(TestSource.readAll(old.open(OriginRequest.of(origin.url("/a")))))
          .isEqualTo(CONTENT);
      assertThat(origin.awaitLog(1)).allMatch(line -> line.protocol().equals("HTTP/1.1"));
    }
  }

  @Test
  void anOriginWithoutRangesGivesTheWhole() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "max_ranges 0;")) {
      OriginResponse whole =
          source.open(OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(0, 1000)));
      assertThat(whole.ranged()).isFalse();
      assertThat(whole.contentLength()).hasValue(CONTENT.length);
      assertThat(TestSource.readAll(whole)).isEqualTo(CONTENT);

      OriginException failure =
          TestSource.failure(
              source,
              OriginRequest.of(origin.url("/a")).withRange(OriginRange.between(1000, 2000)));
      assertThat(failure.kind()).isEqualTo(Kind.NO_RANGES);
      assertThat(part(origin, 0, 1)).isEqualTo(CONTENT);
      assertThat(connections(origin.awaitLog(3))).hasSize(1);
    }
  }

  @Test
  void refusalsAreTheOrigins() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "")) {
      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/absent")));
      assertThat(failure.kind()).isEqualTo(Kind.REFUSED);
      assertThat(failure.status()).hasValue(404);
      assertThat(part(origin, 0, 10)).isEqualTo(expected(0, 10));
      assertThat(connections(origin.awaitLog(2))).hasSize(1);
    }
  }

  @Test
  void whatWasBegunEndsWhileTheOriginReloads() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "location /a { limit_rate 4m; }")) {
      try (OriginResponse begun = source.open(OriginRequest.of(origin.url("/a")))) {
        ByteBuffer some = ByteBuffer.allocate(100_000);
        while (some.hasRemaining()) {
          begun.read(some);
        }
        origin.reload();
        for (int i = 0; i < 5; i++) {
          assertThat(part(origin, i, 1000)).isEqualTo(expected(i, 1000));
        }
        byte[] rest = TestSource.readAll(begun);
        assertThat(some.array()).isEqualTo(expected(0, 100_000));
        assertThat(rest).isEqualTo(expected(100_000, CONTENT.length));
      }
      List<NginxOrigin.Line> log = origin.awaitLog(6);
      assertThat(log).hasSize(6).allMatch(NginxOrigin.Line::isHttp2);
      assertThat(connections(log)).hasSize(2);
    }
  }

  @Test
  void anOriginThatEndsEachConnectionSoonGetsNewOnes() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "keepalive_requests 5;");
        ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<byte[]>> parts = new ArrayList<>();
      for (int reader = 0; reader < 4; reader++) {
        parts.add(
            readers.submit(() -> {
              for (int i = 0; i < 15; i++) {
                assertThat(part(origin, i, 2000)).isEqualTo(expected(i, 2000));
              }
              return new byte[0];
            }));
      }
      for (Future<byte[]> part : parts) {
        part.get();
      }
      List<NginxOrigin.Line> log = origin.awaitLog(60);
      assertThat(log).hasSize(60).allMatch(NginxOrigin.Line::isHttp2);
      assertThat(connections(log)).hasSizeGreaterThan(6);
    }
  }

  @Test
  void aBrokenConnectionEndsItsAnswersAndIsReplaced() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "location /a { limit_rate 2m; }")) {
      OriginResponse begun = source.open(OriginRequest.of(origin.url("/a")));
      begun.read(ByteBuffer.allocate(1000));
      origin.killWorker();

      OriginException failure = TestSource.readFailure(begun);
      assertThat(failure.kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(part(origin, 0, 10)).isEqualTo(expected(0, 10));
    }
  }

  @Test
  void whoIsCancelledEndsAloneOnItsConnection() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "location /a { limit_rate 4m; }")) {
      Cancellation cancellation = new Cancellation();
      OriginResponse cancelled =
          source.open(OriginRequest.of(origin.url("/a")).withCancellation(cancellation));
      cancelled.read(ByteBuffer.allocate(1000));
      OriginResponse other = source.open(OriginRequest.of(origin.url("/a")));
      cancellation.cancel("enough");

      assertThat(TestSource.readFailure(cancelled).kind()).isEqualTo(Kind.CANCELLED);
      assertThat(TestSource.readAll(other)).isEqualTo(CONTENT);
      assertThat(connections(origin.awaitLog(2))).hasSize(1);
    }
  }

  @Test
  void aCertificateOfOursIsShown() throws Exception {
    Files.writeString(
        directory.resolve("ca.crt"),
        "-----BEGIN CERTIFICATE-----\n"
            + java.util.Base64.getMimeEncoder().encodeToString(certificates.authority())
            + "\n-----END CERTIFICATE-----\n");
    String verify = "ssl_client_certificate " + directory + "/ca.crt; ssl_verify_client on;";
    try (NginxOrigin origin = origin(BOTH, verify);
        HttpSource known =
            TestSource.create(
                options()
                    .origins(
                        List.of(
                            new OriginTls(
                                "127.0.0.1", 0, List.of(), List.of(certificates.keys("good"))))))) {
      assertThat(TestSource.failure(source, OriginRequest.of(origin.url("/a"))).status())
          .hasValue(400);
      assertThat(TestSource.readAll(known.open(OriginRequest.of(origin.url("/a")))))
          .isEqualTo(CONTENT);
      assertThat(origin.awaitLog(2)).allMatch(NginxOrigin.Line::isHttp2);
    }
  }

  @Test
  void whatIsPassedOnGoesTheSameWayUnlessItHasABody() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "location /put { return 201 ok; }");
        Passage passage = new Passage(options().build())) {
      for (String method : List.of("HEAD", "GET")) {
        try (Passage.Answer answer =
            passage.send(
                new Passage.Ask(
                    method, origin.url("/a"), List.of(), Optional.empty(), OptionalLong.empty()),
                new Cancellation())) {
          assertThat(answer.status()).isEqualTo(200);
        }
      }
      try (Passage.Answer answer =
          passage.send(
              new Passage.Ask(
                  "PUT",
                  origin.url("/put"),
                  List.of(),
                  Optional.of(new ByteArrayInputStream("body".getBytes(UTF_8))),
                  OptionalLong.of(4)),
              new Cancellation())) {
        assertThat(answer.status()).isEqualTo(201);
      }
      assertThat(origin.awaitLog(3))
          .extracting(line -> line.method() + " " + line.protocol())
          .containsExactlyInAnyOrder("HEAD HTTP/2.0", "GET HTTP/2.0", "PUT HTTP/1.1");
    }
  }

  @Test
  void aLongWayIsFilledByOneStream() throws Exception {
    try (NginxOrigin origin = origin(BOTH, "");
        LongWay way = LongWay.to(origin.port())) {
      OriginResponse response =
          source.open(OriginRequest.of("https://127.0.0.1:" + way.port() + "/a"));
      assertThat(TestSource.readAll(response)).isEqualTo(CONTENT);

      assertThat(way.mostUnderWay()).isGreaterThan(1 << 20);
    }
  }
}
