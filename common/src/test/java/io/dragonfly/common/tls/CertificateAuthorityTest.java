package io.dragonfly.common.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CertificateAuthorityTest {
  @TempDir Path directory;

  private OwnAuthority own() {
    return new OwnAuthority(directory.resolve("ca"));
  }

  /** What the openssl program says when it is content. */
  private String openssl(String... arguments) throws Exception {
    Process process = new ProcessBuilder(arguments).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }

  @ParameterizedTest
  @ValueSource(strings = {"registry.example", "127.0.0.1", "2001:db8::1", "under_score.example"})
  void whatItIssuesIsValidForItsHostAndNoOther(String host) throws Exception {
    CertificateAuthority authority = own().readOrMake("node-1");
    Issued issued = authority.issue(host, Instant.now());
    Path root = Files.writeString(directory.resolve("root.pem"), authority.pem());
    Path leaf =
        Files.writeString(
            directory.resolve("leaf.pem"), CertificateAuthority.pem(issued.chain().getFirst()));
    String flag =
        issued.chain().getFirst().getSubjectX500Principal().getName().isEmpty()
            ? "-verify_ip"
            : "-verify_hostname";
    String[] verify = {
      "openssl",
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-CAfile",
      root.toString(),
      flag,
      host,
      leaf.toString()
    };
    assertThat(openssl(verify)).contains(": OK");
    verify[8] = flag.equals("-verify_ip") ? "127.0.0.2" : "other.example";
    assertThatThrownBy(() -> openssl(verify)).hasMessageContaining("mismatch");
  }

  @ParameterizedTest
  @EnumSource(
      value = CertificateBuilder.Algorithm.class,
      names = {"ecp256", "ecp384", "rsa2048", "ed25519"})
  void everyKindOfConfiguredAuthorityIssues(CertificateBuilder.Algorithm algorithm)
      throws Exception {
    X509Bundle bundle =
        new CertificateBuilder()
            .algorithm(algorithm)
            .subject("CN=ours")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    Path certificate = Files.writeString(directory.resolve("c"), bundle.getCertificatePEM());
    Path key = Files.writeString(directory.resolve("k"), bundle.getPrivateKeyPEM());
    Issued issued = CertificateAuthority.read(certificate, key).issue("h.example", Instant.now());
    issued.chain().getFirst().verify(bundle.getCertificate().getPublicKey());
    assertThat(issued.chain()).hasSize(2);
  }

  @Test
  void whatIsNoAuthorityOrNoPairIsRefusedByName() throws Exception {
    X509Bundle ca =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=ca")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    X509Bundle leaf = new CertificateBuilder().ecp256().subject("CN=leaf").buildIssuedBy(ca);
    X509Bundle ended =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=ended")
            .setIsCertificateAuthority(true)
            .notBefore(Instant.now().minus(Duration.ofDays(9)))
            .notAfter(Instant.now().minus(Duration.ofDays(1)))
            .buildSelfSigned();
    assertThatThrownBy(() -> read(leaf, leaf)).hasMessageContaining("not that of a certificate");
    assertThatThrownBy(() -> read(ca, leaf)).hasMessageContaining("does not belong");
    assertThatThrownBy(() -> read(ended, ended)).hasMessageContaining("has ended on");
    assertThatThrownBy(() -> CertificateAuthority.read(directory.resolve("none"), directory))
        .hasMessageContaining("none: no such file");
  }

  private CertificateAuthority read(X509Bundle certificate, X509Bundle key) throws Exception {
    return CertificateAuthority.read(
        Files.writeString(directory.resolve("c"), certificate.getCertificatePEM()),
        Files.writeString(directory.resolve("k"), key.getPrivateKeyPEM()));
  }

  @Test
  void aHostsCertificateIsRenewedWellBeforeItsEndAndNeverOutlivesItsAuthority() throws Exception {
    CertificateAuthority authority = own().readOrMake("n");
    Instant now = Instant.now();
    Issued issued = authority.issue("h", now);
    Instant end = issued.chain().getFirst().getNotAfter().toInstant();
    assertThat(end).isBefore(now.plus(CertificateAuthority.LIFE).plusSeconds(1));
    assertThat(issued.renewal()).isAfter(now).isBefore(end.minus(Duration.ofDays(3)));

    Instant last = authority.certificate().getNotAfter().toInstant();
    X509Certificate late = authority.issue("h", last.minusSeconds(60)).chain().getFirst();
    assertThat(late.getNotAfter().toInstant()).isEqualTo(last);
    assertThatThrownBy(() -> authority.issue("h", last)).hasMessageContaining("has ended on");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a b", "a..b", "fe80::1%eth0", "[::1]", "*.example", "ü.example", "a:b:c:d"})
  void whatNoCertificateCanNameIsNotIssued(String host) throws Exception {
    assertThat(CertificateAuthority.canName(host)).isFalse();
  }

  @Test
  void ourOwnIsMadeOnceForAllWhoAskAtOnce() throws Exception {
    Set<String> made = ConcurrentHashMap.newKeySet();
    try (var threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Boolean>> asks =
          Collections.nCopies(8, () -> made.add(own().readOrMake("n").pem()));
      for (var ask : threads.invokeAll(asks)) {
        ask.get();
      }
    }
    assertThat(made).hasSize(1);
    try (var files = Files.list(own().file().getParent())) {
      assertThat(files).containsExactly(own().file());
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(own().file())))
        .isEqualTo("rw-------");
    assertThat(own().isExported()).isFalse();
    own().export();
    own().export();
    assertThat(own().isExported()).isTrue();
  }

  @Test
  void aKeyThatOthersMayReadOrThatIsBrokenIsRefused() throws Exception {
    OwnAuthority own = own();
    assertThatThrownBy(own::read).hasMessageContaining("there is no " + own.file());
    own.readOrMake("n");
    Files.setPosixFilePermissions(own.file(), PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(own::read)
        .hasMessageContaining("(mode rw-r-----)")
        .hasMessageContaining("chmod 600 " + own.file());
    Files.setPosixFilePermissions(own.file(), PosixFilePermissions.fromString("rw-------"));
    String text = Files.readString(own.file());
    Files.writeString(own.file(), text.substring(0, text.length() / 2));
    assertThatThrownBy(own::read)
        .hasMessageContaining("ends inside its block")
        .hasMessageContaining("remove " + own.file().getParent());
  }
}
