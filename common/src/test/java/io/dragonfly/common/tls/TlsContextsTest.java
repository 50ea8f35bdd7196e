package io.dragonfly.common.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.common.tls.TlsContexts.HostNames;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class TlsContextsTest {
  private final Closer closer = new Closer();
  private EventLoops loops;
  private X509Bundle authority;
  private Path ca;

  @TempDir Path directory;

  @BeforeEach
  void makeAuthority() throws Exception {
    loops = closer.add(new EventLoops("test", 1));
    authority = certificateAuthority("CN=authority");
    ca = write("ca.crt", authority.getCertificatePEM());
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private static X509Bundle certificateAuthority(String name) throws Exception {
    return new CertificateBuilder()
        .ecp256()
        .subject(name)
        .setIsCertificateAuthority(true)
        .buildSelfSigned();
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private Identity identity(String name, CertificateBuilder builder, X509Bundle issuer)
      throws Exception {
    X509Bundle bundle = builder.subject("CN=" + name).buildIssuedBy(issuer);
    return new Identity(
        write(name + ".crt", bundle.getCertificatePathPEM()),
        write(name + ".key", bundle.getPrivateKeyPEM()));
  }

  private Identity named(String name, String host) throws Exception {
    return identity(name, new CertificateBuilder().ecp256().addSanDnsName(host), authority);
  }

  private RpcServer serve(SslContext tls) throws IOException {
    return closer
        .add(RpcServer.builder("daemon", loops).address("127.0.0.1", 0).tls(tls).build())
        .start();
  }

  private void call(RpcServer server, SslContext tls) {
    try (RpcChannels channels = RpcChannels.of(loops, Optional.of(tls))) {
      var ignored =
          HealthGrpc.newBlockingStub(channels.channel(new HostPort("localhost", server.port())))
              .withDeadlineAfter(30, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance());
    }
  }

  @Test
  void bothEndsShowCertificatesOfOneAuthority() throws Exception {
    RpcServer server = serve(TlsContexts.server(ca, named("server", "localhost")));
    Identity client = named("client", "client");

    call(server, TlsContexts.client(ca, Optional.of(client), HostNames.VERIFIED));
    call(server, TlsContexts.client(ca, Optional.of(client), HostNames.IGNORED));
  }

  @Test
  void rsaKeysWorkAsWell() throws Exception {
    Identity identity =
        identity(
            "server", new CertificateBuilder().rsa2048().addSanDnsName("localhost"), authority);
    RpcServer server = serve(TlsContexts.server(ca, identity));

    call(server, TlsContexts.client(ca, Optional.of(identity), HostNames.VERIFIED));
  }

  @Test
  void aClientWithoutACertificateIsRefused() throws Exception {
    RpcServer server = serve(TlsContexts.server(ca, named("server", "localhost")));
    SslContext tls = TlsContexts.client(ca, Optional.empty(), HostNames.VERIFIED);

    assertThatThrownBy(() -> call(server, tls)).isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void aClientOfAnotherAuthorityIsRefused() throws Exception {
    RpcServer server = serve(TlsContexts.server(ca, named("server", "localhost")));
    Identity stranger =
        identity(
            "stranger", new CertificateBuilder().ecp256(), certificateAuthority("CN=stranger"));
    SslContext tls = TlsContexts.client(ca, Optional.of(stranger), HostNames.VERIFIED);

    assertThatThrownBy(() -> call(server, tls)).isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void aServerOfAnotherAuthorityIsRefusedEvenIfNamesAreIgnored() throws Exception {
    X509Bundle other = certificateAuthority("CN=other");
    Path otherCa = write("other.crt", other.getCertificatePEM());
    RpcServer server =
        serve(
            TlsContexts.server(
                ca,
                identity(
                    "server",
                    new CertificateBuilder().ecp256().addSanDnsName("localhost"),
                    other)));
    Identity client = named("client", "client");

    for (HostNames names : HostNames.values()) {
      SslContext tls = TlsContexts.client(ca, Optional.of(client), names);
      assertThatThrownBy(() -> call(server, tls)).isInstanceOf(StatusRuntimeException.class);
    }
    call(server, TlsContexts.client(otherCa, Optional.of(client), HostNames.VERIFIED));
  }

  @Test
  void theNameCountsUnlessIgnored() throws Exception {
    RpcServer server = serve(TlsContexts.server(ca, named("server", "elsewhere")));
    Identity client = named("client", "client");
    SslContext verified = TlsContexts.client(ca, Optional.of(client), HostNames.VERIFIED);

    call(server, TlsContexts.client(ca, Optional.of(client), HostNames.IGNORED));
    assertThatThrownBy(() -> call(server, verified)).isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void errorsNameTheFileAndWhatIsWrong() throws Exception {
    Identity good = named("good", "localhost");
    Identity other = named("other", "localhost");
    Path missing = directory.resolve("missing.crt");
    Path empty = write("empty.crt", "");
    Path cut = write("cut.key", Files.readString(good.key()).replaceAll("-----END.*", ""));
    Path damaged =
        write("damaged.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    Path encrypted =
        write(
            "encrypted.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");

    assertServer(
        missing, good, "cannot read the CA certificate file " + missing + ": no such file");
    assertServer(empty, good, "the CA certificate file " + empty + " has no PEM block");
    assertServer(damaged, good, "certificate 1 in " + damaged + " is damaged");
    assertServer(good.key(), good, good.key() + " has no certificate, only: PRIVATE KEY");
    assertServer(
        ca,
        new Identity(good.certificate(), cut),
        "the private key file " + cut + " ends inside its block 'PRIVATE KEY'");
    assertServer(
        ca,
        new Identity(good.certificate(), encrypted),
        "the private key in " + encrypted + " is encrypted. Decrypt it");
    assertServer(
        ca,
        new Identity(good.certificate(), good.certificate()),
        good.certificate() + " has no private key, only: CERTIFICATE");
    assertServer(
        ca,
        new Identity(good.certificate(), other.key()),
        "the private key in " + other.key() + " does not belong to the first certificate in");
  }

  private static void assertServer(Path ca, Identity identity, String message) {
    assertThatThrownBy(() -> TlsContexts.server(ca, identity))
        .isInstanceOf(TlsException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void olderFormsOfPrivateKeysAreRead() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    byte[] rsa = generator.generateKeyPair().getPrivate().getEncoded();
    // The content of the last element of a PKCS#8 key of this size, its octet string, is PKCS#1.
    byte[] pkcs1 = Arrays.copyOfRange(rsa, 26, rsa.length);

    assertThat(PrivateKeys.decode("RSA PRIVATE KEY", pkcs1).orElseThrow().getEncoded())
        .isEqualTo(rsa);
    assertThat(PrivateKeys.decode("CERTIFICATE", pkcs1)).isEmpty();
  }

  @Test
  void ellipticKeysOfOpensslAreRead() throws Exception {
    // Made for this test with: openssl ecparam -name prime256v1 -genkey -noout
    Path file =
        write(
            "ec.key",
            """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIC0GusOp4AyANyRKV9nDeHN7rXXso1qXZa+kraQO4LvkoAoGCCqGSM49
            AwEHoUQDQgAE1IPnu3saHkXzvNuLssZzHHsaa24fgCGB8ph5UqxNhUWGyJY8ea3b
            UsLPfGTRtPVPAaiKfZ+QXT0cErga5EAkzQ==
            -----END EC PRIVATE KEY-----
            """);

    var key = (ECPrivateKey) PemFile.read(file, "private key").privateKey();

    assertThat(key.getParams().getOrder().bitLength()).isEqualTo(256);
    for (int length = 0; length < 40; length++) {
      byte[] truncated = Arrays.copyOf(new byte[] {0x30, 0x77, 2, 1, 1, 4, 32}, length);
      assertThatThrownBy(() -> PrivateKeys.decode("EC PRIVATE KEY", truncated))
          .isInstanceOf(GeneralSecurityException.class);
    }
  }
}
