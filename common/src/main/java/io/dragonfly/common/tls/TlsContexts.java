package io.dragonfly.common.tls;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS contexts for gRPC (TLS 1.2 and 1.3, HTTP/2) from PEM files, read once. Everything that can be
 * wrong with the files is found here, at the start, and not by the first handshake.
 */
public final class TlsContexts {
  private static final Logger log = LoggerFactory.getLogger(TlsContexts.class);
  private static final byte[] PROBE = {1, 2, 3, 4};

  private TlsContexts() {}

  /** Whether a client wants the server's name in its certificate. */
  public enum HostNames {
    VERIFIED,
    /**
     * The certificate need only come from the authority. Upstream's programs do so, and clusters
     * have certificates without the addresses of their hosts.
     */
    IGNORED
  }

  /** A server that demands a certificate of the same authority from every client. */
  public static SslContext server(Path caCertificate, Identity identity) throws TlsException {
    PrivateKey key = PemFile.read(identity.key(), "private key").privateKey();
    List<X509Certificate> chain = chain(identity, key);
    var builder =
        SslContextBuilder.forServer(key, chain.toArray(X509Certificate[]::new))
            .trustManager(trusted(caCertificate).toArray(X509Certificate[]::new))
            .clientAuth(ClientAuth.REQUIRE);
    return build(builder, identity.certificate());
  }

  /** What proves who we are, for a context of Java's own. */
  public static KeyManager[] keyManagers(Identity identity) throws TlsException {
    PrivateKey key = PemFile.read(identity.key(), "private key").privateKey();
    List<X509Certificate> chain = chain(identity, key);
    char[] password = {};
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setKeyEntry("identity", key, password, chain.toArray(X509Certificate[]::new));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, password);
      return factory.getKeyManagers();
    } catch (GeneralSecurityException | IOException e) {
      throw new TlsException(
          "the certificate " + identity.certificate() + " cannot be used: " + e.getMessage(), e);
    }
  }

  /** A client that trusts one authority and shows its own certificate if it has one. */
  public static SslContext client(
      Path caCertificate, Optional<Identity> identity, HostNames hostNames) throws TlsException {
    var builder = SslContextBuilder.forClient().trustManager(trust(caCertificate, hostNames));
    if (identity.isPresent()) {
      PrivateKey key = PemFile.read(identity.get().key(), "private key").privateKey();
      List<X509Certificate> chain = chain(identity.get(), key);
      builder.keyManager(key, chain.toArray(X509Certificate[]::new));
    }
    return build(builder, caCertificate);
  }

  private static SslContext build(SslContextBuilder builder, Path file) throws TlsException {
    try {
      return GrpcSslContexts.configure(builder, SslProvider.JDK).build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new TlsException("cannot set TLS up with " + file + ": " + e.getMessage(), e);
    }
  }

  private static List<X509Certificate> trusted(Path file) throws TlsException {
    List<X509Certificate> certificates = PemFile.read(file, "CA certificate").certificates();
    certificates.forEach(certificate -> warnIfNotValid(file, certificate));
    return certificates;
  }

  private static TrustManager trust(Path file, HostNames hostNames) throws TlsException {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (X509Certificate certificate : trusted(file)) {
        store.setCertificateEntry("ca-" + number++, certificate);
      }
      var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      TrustManager manager = factory.getTrustManagers()[0];
      return switch (hostNames) {
        case VERIFIED -> manager;
        case IGNORED -> new AuthorityTrust((X509TrustManager) manager);
      };
    } catch (TlsException e) {
      throw e;
    } catch (GeneralSecurityException | IOException e) {
      throw new TlsException("cannot trust the certificates in " + file + ": " + e, e);
    }
  }

  private static List<X509Certificate> chain(Identity identity, PrivateKey key)
      throws TlsException {
    List<X509Certificate> chain =
        PemFile.read(identity.certificate(), "certificate").certificates();
    if (!belongTogether(key, chain.getFirst().getPublicKey())) {
      throw new TlsException(
          "the private key in "
              + identity.key()
              + " does not belong to the first certificate in "
              + identity.certificate()
              + ". Configure the pair that was issued together");
    }
    warnIfNotValid(identity.certificate(), chain.getFirst());
    return chain;
  }

  static boolean belongTogether(PrivateKey key, PublicKey certified) {
    String algorithm =
        switch (certified.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> certified.getAlgorithm();
        };
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(PROBE);
      byte[] signed = signature.sign();
      signature.initVerify(certified);
      signature.update(PROBE);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static void warnIfNotValid(Path file, X509Certificate certificate) {
    try {
      certificate.checkValidity();
    } catch (CertificateException e) {
      log.warn(
          "event=certificate_not_valid file={} subject=\"{}\" reason=\"{}\"",
          file,
          certificate.getSubjectX500Principal(),
          e.getMessage());
    }
  }
}
