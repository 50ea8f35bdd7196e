package io.dragonfly.common.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Certifies hosts, to whoever trusts its certificate. What it issues counts for {@link #LIFE} and
 * has an EC P-256 key, one for all hosts of one authority object. Safe for many threads.
 */
public final class CertificateAuthority {
  /** How long what is issued counts, or until the authority itself ends. */
  static final Duration LIFE = Duration.ofDays(7);

  /** How far the clock of who verifies may be behind ours. */
  private static final Duration SKEW = Duration.ofDays(1);

  private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
  private static final int SIGNS_CERTIFICATES = 5;

  private final List<X509Certificate> chain;
  private final PrivateKey key;
  private @Nullable KeyPair hostKey;

  private CertificateAuthority(List<X509Certificate> chain, PrivateKey key) {
    this.chain = chain;
    this.key = key;
  }

  /**
   * From PEM files.
   *
   * @param certificate the authority's, then those that lead to one that others trust
   * @throws TlsException when they can't be read, are no pair, or may not certify hosts now
   */
  public static CertificateAuthority read(Path certificate, Path key) throws TlsException {
    List<X509Certificate> chain = PemFile.read(certificate, "CA certificate").certificates();
    CertificateAuthority read =
        new CertificateAuthority(List.copyOf(chain), PemFile.read(key, "CA key").privateKey());
    read.check(certificate, key, Instant.now());
    return read;
  }

  /** A new one that counts for ten years. */
  static CertificateAuthority make(String name, Instant now) throws TlsException {
    try {
      KeyPair keys = keys();
      return new CertificateAuthority(
          List.of(
              CertificateForms.authority(name, keys, now.minus(SKEW), now.plus(AUTHORITY_LIFE))),
          keys.getPrivate());
    } catch (GeneralSecurityException e) {
      throw new TlsException("no certificate authority can be made: " + e.getMessage(), e);
    }
  }

  /** A certificate that nobody but who made it vouches for; it counts for ten years. */
  public static Issued selfSigned(String host) throws TlsException {
    Instant now = Instant.now();
    try {
      KeyPair keys = keys();
      return new Issued(
          keys.getPrivate(),
          List.of(CertificateForms.alone(host, keys, now.minus(SKEW), now.plus(AUTHORITY_LIFE))));
    } catch (GeneralSecurityException e) {
      throw new TlsException("no certificate can be made: " + e.getMessage(), e);
    }
  }

  private void check(Path certificate, Path keyFile, Instant now) throws TlsException {
    X509Certificate own = certificate();
    boolean @Nullable [] usage = own.getKeyUsage();
    if (own.getBasicConstraints() < 0 || (usage != null && !usage[SIGNS_CERTIFICATES])) {
      throw new TlsException(
          "the first certificate in "
              + certificate
              + " is not that of a certificate authority (basicConstraints CA:TRUE, keyUsage"
              + " keyCertSign). Configure one that is");
    }
    if (!TlsContexts.belongTogether(key, own.getPublicKey())) {
      throw new TlsException(
          "the private key in "
              + keyFile
              + " does not belong to the first certificate in "
              + certificate
              + ". Use the pair that was made together");
    }
    if (own.getNotAfter().toInstant().isBefore(now)) {
      throw new TlsException(
          "the CA certificate in "
              + certificate
              + " has ended on "
              + own.getNotAfter().toInstant()
              + ". Replace it, and have clients trust the new one");
    }
  }

  /** The authority's own certificate. */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** The authority's own certificate as PEM, with a line feed at the end. */
  public String pem() {
    return pem(certificate());
  }

  static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read can't be written", e);
    }
  }

  /** Key and certificate as PEM. */
  String withKey() {
    return pem("PRIVATE KEY", key.getEncoded()) + pem();
  }

  private static String pem(String label, byte[] content) {
    String base64 = Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(content);
    return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
  }

  /** Whether a certificate can name a host: a name in ASCII or an IP address without a zone. */
  public static boolean canName(String host) {
    return HostName.of(host).isPresent();
  }

  /**
   * Certifies a host.
   *
   * @param host a name, or an IP address without brackets
   * @throws IllegalArgumentException unless a certificate {@linkplain #canName can name} it
   * @throws TlsException when the authority has come to its end
   */
  public Issued issue(String host, Instant now) throws TlsException {
    Optional<HostName> name = HostName.of(host);
    if (name.isEmpty()) {
      throw new IllegalArgumentException("no certificate can name the host " + host);
    }
    Instant last = certificate().getNotAfter().toInstant();
    Instant wanted = now.plus(LIFE);
    Instant end = wanted.isBefore(last) ? wanted : last;
    if (!end.isAfter(now)) {
      throw new TlsException(
          "the certificate authority "
              + certificate().getSubjectX500Principal()
              + " has ended on "
              + last
              + ". Replace it, and have clients trust the new one");
    }
    List<X509Certificate> issued = new ArrayList<>();
    KeyPair keys;
    try {
      keys = hostKey();
      issued.add(
          CertificateForms.host(
              name.get(), keys.getPublic(), certificate(), key, now.minus(SKEW), end));
    } catch (GeneralSecurityException e) {
      throw new TlsException("no certificate for " + host + " can be made: " + e.getMessage(), e);
    }
    issued.addAll(chain);
    return new Issued(keys.getPrivate(), issued);
  }

  private synchronized KeyPair hostKey() throws GeneralSecurityException {
    if (hostKey == null) {
      hostKey = keys();
    }
    return hostKey;
  }

  private static KeyPair keys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }
}
