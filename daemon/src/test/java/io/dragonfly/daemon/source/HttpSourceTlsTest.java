package io.dragonfly.daemon.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whom the source believes, and what it says where it does not. */
@Timeout(60)
final class HttpSourceTlsTest {
  private static final byte[] CONTENT = TestSource.content(200_000);

  @TempDir private static Path directory;
  private static TestCertificates certificates;

  private final HttpSource source = TestSource.create();

  @BeforeAll
  static void createCertificates() throws Exception {
    certificates = TestCertificates.create(directory);
  }

  @AfterEach
  void close() {
    source.close();
  }

  private static TestOrigin serving(String certificate) throws Exception {
    return TestOrigin.startTls(certificates.server(certificate), TestOrigin.serving(CONTENT));
  }

  private static OriginRequest trusting(String url) throws Exception {
    return OriginRequest.of(url).withCertificateChain(List.of(certificates.authority()));
  }

  @Test
  void authorityOfTheRequestIsTrustedForThatRequestOnly() throws Exception {
    try (TestOrigin origin = serving("good")) {
      assertThat(TestSource.readAll(source.open(trusting(origin.url("/a"))))).isEqualTo(CONTENT);
      assertThat(TestSource.readAll(source.open(trusting(origin.url("/a"))))).isEqualTo(CONTENT);
      assertThat(origin.connections()).isEqualTo(1);

      OriginException failure = TestSource.failure(source, OriginRequest.of(origin.url("/a?q")));

      assertThat(failure.kind()).isEqualTo(Kind.TLS);
      assertThat(failure).hasMessageContaining("not signed by an authority that is trusted here");
      assertThat(origin.requests()).hasSize(2);
    }
  }

  @Test
  void configuredAuthorityIsTrustedInPem() throws Exception {
    String pem =
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(certificates.authority())
            + "\n-----END CERTIFICATE-----\n";
    Path file = Files.writeString(directory.resolve("ca.pem"), pem);
    try (TestOrigin origin = serving("good");
        HttpSource configured = TestSource.create(TestSource.options().caCertificates(file))) {
      OriginResponse response = configured.open(OriginRequest.of(origin.url("localhost", "/a")));

      assertThat(TestSource.readAll(response)).isEqualTo(CONTENT);
    }
  }

  @Test
  void anAuthorityOfOneOriginIsTrustedForThatOneOnly() throws Exception {
    try (TestOrigin origin = serving("good");
        TestOrigin other = serving("good");
        HttpSource configured =
            TestSource.create(
                TestSource.options()
                    .origins(
                        List.of(
                            new OriginTls(
                                "127.0.0.1",
                                origin.port(),
                                TrustStores.parse(List.of(certificates.authority())),
                                List.of()))))) {
      assertThat(TestSource.readAll(configured.open(OriginRequest.of(origin.url("/a")))))
          .isEqualTo(CONTENT);
      assertThat(TestSource.failure(configured, OriginRequest.of(other.url("/a"))).kind())
          .isEqualTo(Kind.TLS);
      assertThat(
              TestSource.failure(configured, OriginRequest.of(origin.url("localhost", "/a")))
                  .kind())
          .isEqualTo(Kind.TLS);
    }
  }

  @Test
  void fileOfAuthoritiesThatIsNoneIsRefusedInWords() throws Exception {
    SourceOptions.Builder options = TestSource.options();
    Path text = Files.writeString(directory.resolve("text.pem"), "no certificate");
    assertThatThrownBy(() -> options.caCertificates(text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no certificates in PEM or DER");
    assertThatThrownBy(() -> options.caCertificates(directory.resolve("absent.pem")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void certificateForAnotherHostIsRefused() throws Exception {
    try (TestOrigin origin = serving("other")) {
      OriginException failure = TestSource.failure(source, trusting(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.TLS);
      assertThat(failure).hasMessageContaining("is for another host");
      assertThat(origin.requests()).isEmpty();
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @Test
  void expiredCertificateIsRefused() throws Exception {
    try (TestOrigin origin = serving("expired")) {
      OriginException failure = TestSource.failure(source, trusting(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.TLS);
      assertThat(failure).hasMessageContaining("has expired");
      assertThat(origin.requests()).isEmpty();
    }
  }

  @Test
  void serverWithoutTlsIsToldApart() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = server.accept()) {
              socket.getInputStream().readNBytes(5);
              socket.getOutputStream().write("HTTP/1.1 400 No\r\n\r\n".getBytes(UTF_8));
              socket.getInputStream().readAllBytes();
            } catch (IOException _) {
              // the client closed it
            }
          });
      OriginException failure =
          TestSource.failure(
              source, OriginRequest.of("https://127.0.0.1:" + server.getLocalPort() + "/a"));

      assertThat(failure.kind()).isEqualTo(Kind.TLS);
      assertThat(failure).hasMessageContaining("does not speak TLS on this port");
    }
  }

  @Test
  void redirectFromTlsToPlainIsRefusedUnlessAllowed() throws Exception {
    try (TestOrigin plain = TestOrigin.start(TestOrigin.serving(CONTENT));
        TestOrigin origin =
            TestOrigin.startTls(
                certificates.server("good"),
                (request, wire) ->
                    wire.head(
                        "HTTP/1.1 302 Go", "Location: " + plain.url("/b"), "Content-Length: 0"));
        HttpSource lenient = TestSource.create(TestSource.options().allowPlainAfterTls(true))) {
      OriginException failure = TestSource.failure(source, trusting(origin.url("/a")));

      assertThat(failure.kind()).isEqualTo(Kind.REDIRECTS);
      assertThat(failure).hasMessageContaining("from https to http://127.0.0.1");
      assertThat(plain.requests()).isEmpty();
      assertThat(TestSource.readAll(lenient.open(trusting(origin.url("/a"))))).isEqualTo(CONTENT);
    }
  }

  @Test
  void bodyThatIsCutOffUnderTlsIsTruncated() throws Exception {
    try (TestOrigin origin =
        TestOrigin.startTls(
            certificates.server("good"),
            (request, wire) -> {
              wire.head("HTTP/1.1 200 OK", "Content-Length: 1000");
              wire.body("some");
              wire.close();
            })) {
      OriginException failure = TestSource.readFailure(source.open(trusting(origin.url("/a"))));

      assertThat(failure.kind()).isEqualTo(Kind.TRUNCATED);
    }
  }

  @Test
  void certificateChainThatIsNoneIsRefusedInWords() {
    OriginRequest request =
        OriginRequest.of("https://127.0.0.1:1/a").withCertificateChain(List.of(new byte[] {1, 2}));

    OriginException failure = TestSource.failure(source, request);

    assertThat(failure.kind()).isEqualTo(Kind.TLS);
    assertThat(failure).hasMessageContaining("certificate chain of the request cannot be read");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> TestSource.create(TestSource.options().caCertificates(List.of(new byte[9]))));
  }
}
