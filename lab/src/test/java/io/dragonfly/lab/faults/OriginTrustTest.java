package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.ORIGIN_NOT_TRUSTED;
import static io.dragonfly.lab.faults.Fault.ORIGIN_REDIRECTS_FOREVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Origins whose certificate cannot be believed, and redirects that lead nowhere. {@code plain}
 * trusts what Java trusts, {@code trusting} a configured authority beside it.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OriginTrustTest {
  private static final LabContent CONTENT = new LabContent(40, 9_000_001);

  @TempDir private static Path directory;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  @SuppressWarnings("NullAway.Init")
  private LabCertificates certificates;

  private Map<String, Set<Path>> before = Map.of();

  @BeforeAll
  void start() throws Exception {
    certificates = LabCertificates.create(directory);
    bench = FaultBench.start(List.of(), List.of("plain"));
    bench.cluster.startDaemon("trusting", "backend:\n  caCert: " + certificates.authority() + "\n");
    bench.noteBase("trusting");
  }

  @AfterAll
  void stop() throws IOException {
    bench.close();
  }

  @BeforeEach
  void note() throws IOException {
    before = bench.caches();
  }

  @AfterEach
  void returnsToBase() {
    bench.returnsToBase();
  }

  @ParameterizedTest
  @CsvSource({
    "plain, self, not signed by an authority that is trusted",
    "plain, good, not signed by an authority that is trusted",
    "trusting, self, not signed by an authority that is trusted",
    "trusting, expired, has expired",
    "trusting, other, is for another host"
  })
  void aCertificateThatCannotBeBelievedIsSaidToBeSo(String daemon, String certificate, String why)
      throws Exception {
    try (LabOrigin origin =
        LabOrigin.startTls(CONTENT, Behaviour.good(), certificates.server(certificate))) {
      FaultBench.Outcome outcome =
          bench.run(ORIGIN_NOT_TRUSTED, daemon, origin.url("/" + certificate));
      outcome.failedSaying(why, "certificate of 127.0.0.1");
      assertThat(outcome.exitCode()).isEqualTo(1);
      assertThat(origin.requests()).as("nothing is asked over such a connection").isEmpty();
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void aConfiguredAuthorityMakesItWork() throws Exception {
    try (LabOrigin origin =
        LabOrigin.startTls(CONTENT, Behaviour.good(), certificates.server("good"))) {
      bench.run(ORIGIN_NOT_TRUSTED, "trusting", origin.url("/good")).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    }
  }

  @Test
  void anAuthorityThatIsNoneStopsTheStartInWords() throws IOException {
    Path text = Files.writeString(directory.resolve("text.pem"), "no certificate");
    assertThatThrownBy(
            () -> bench.cluster.startDaemon("mistaken", "backend:\n  caCert: " + text + "\n"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("backend.caCert: cannot use " + text)
        .hasMessageContaining("no certificates");
  }

  @Test
  void dfgetWithoutADaemonIsAsStrict() throws Exception {
    try (LabOrigin origin =
        LabOrigin.startTls(CONTENT, Behaviour.good(), certificates.server("good"))) {
      Path output = bench.newOutput();
      FaultBench.Outcome refused = direct(origin.url("/direct"), output, "");
      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.text()).contains("not signed by an authority", "SSL_CERT_FILE");
      assertThat(output).doesNotExist();
      assertThat(origin.requests()).isEmpty();

      FaultBench.Outcome absent = direct(origin.url("/direct"), output, directory + "/none.pem");
      assertThat(absent.exitCode()).isEqualTo(1);
      assertThat(absent.text()).contains("SSL_CERT_FILE", "no such file");

      direct(origin.url("/direct"), output, certificates.authority().toString())
          .succeededWith(CONTENT);
    }
  }

  private FaultBench.Outcome direct(String url, Path output, String authorities) throws Exception {
    List<String> command = new ArrayList<>(List.of("env", "SSL_CERT_FILE=" + authorities));
    command.addAll(Launcher.ofClassPath().command("dfget"));
    command.addAll(List.of("-e", directory + "/none.sock", url, "-O", output.toString()));
    Program dfget = Program.start(Files.createTempFile(directory, "dfget", ".log"), command);
    return FaultBench.end(ORIGIN_NOT_TRUSTED, dfget, output);
  }

  @Test
  void redirectsInACircleAreNotFollowedForEver() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().redirecting("/circle"))) {
      FaultBench.Outcome outcome =
          bench.run(ORIGIN_REDIRECTS_FOREVER, "plain", origin.url("/circle"));
      outcome.failedSaying("redirects lead back to");
      assertThat(outcome.exitCode()).isEqualTo(1);
      assertThat(origin.requests()).hasSizeLessThanOrEqualTo(4);
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void redirectsThatAlwaysLeadOnEndAtALimit() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().redirecting("/hop{n}"))) {
      FaultBench.Outcome outcome =
          bench.run(ORIGIN_REDIRECTS_FOREVER, "plain", origin.url("/start"));
      outcome.failedSaying("redirects more than 10 times");
      assertThat(outcome.exitCode()).isEqualTo(1);
      assertThat(origin.requests()).hasSizeLessThanOrEqualTo(22);
      assertThat(origin.bytesSent()).isZero();
      bench.cachesReturnTo(before);
    }
  }

  @Test
  void aRedirectToAnotherOriginIsFollowed() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        LabOrigin door =
            LabOrigin.start(CONTENT, Behaviour.good().redirecting(origin.url("/there")))) {
      bench.run(ORIGIN_REDIRECTS_FOREVER, "plain", door.url("/here")).succeededWith(CONTENT);
      assertThat(door.bytesSent()).isZero();
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    }
  }
}
