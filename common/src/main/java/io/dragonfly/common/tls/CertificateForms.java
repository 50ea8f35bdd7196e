package io.dragonfly.common.tls;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.EdECKey;
import java.time.Instant;
import java.util.Date;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * What certificates say (RFC 5280). The library only writes them down; keys and signatures are the
 * JDK's. No class of the library is loaded before this one.
 */
final class CertificateForms {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int SERIAL_BITS = 126;

  /** RFC 5280, ub-common-name. */
  private static final int LONGEST_COMMON_NAME = 64;

  private CertificateForms() {}

  /** Of an authority that certifies hosts and no other authorities. */
  static X509Certificate authority(String name, KeyPair keys, Instant begin, Instant end)
      throws GeneralSecurityException {
    X500Principal subject = new X500Principal("CN=" + name);
    try {
      X509v3CertificateBuilder form =
          form(subject, subject, keys.getPublic(), begin, end)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
      return signed(form, keys.getPrivate());
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  /**
   * Of a host that vouches for itself. It says nothing of what its key is for: BoringSSL refuses a
   * server whose key may sign certificates and nothing else.
   */
  static X509Certificate alone(String host, KeyPair keys, Instant begin, Instant end)
      throws GeneralSecurityException {
    X500Principal subject = new X500Principal("CN=" + host);
    try {
      X509v3CertificateBuilder form =
          form(subject, subject, keys.getPublic(), begin, end)
              .addExtension(
                  Extension.subjectAlternativeName,
                  false,
                  new GeneralNames(new GeneralName(GeneralName.dNSName, host)));
      return signed(form, keys.getPrivate());
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  /** Of a host, for servers only. */
  static X509Certificate host(
      HostName host,
      PublicKey key,
      X509Certificate issuer,
      PrivateKey issuerKey,
      Instant begin,
      Instant end)
      throws GeneralSecurityException {
    boolean named = host.text().length() <= LONGEST_COMMON_NAME && !host.isAddress();
    X500Principal subject = new X500Principal(named ? "CN=" + host.text() : "");
    int kind = host.isAddress() ? GeneralName.iPAddress : GeneralName.dNSName;
    JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
    try {
      X509v3CertificateBuilder form =
          form(issuer.getSubjectX500Principal(), subject, key, begin, end)
              .addExtension(
                  Extension.subjectAlternativeName,
                  !named,
                  new GeneralNames(new GeneralName(kind, host.text())))
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
              .addExtension(
                  Extension.authorityKeyIdentifier, false, authorityKey(extensions, issuer));
      return signed(form, issuerKey);
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static ASN1Encodable authorityKey(JcaX509ExtensionUtils extensions, X509Certificate of)
      throws GeneralSecurityException {
    // As the issuer's own certificate has it, whichever way that was computed.
    return of.getExtensionValue(Extension.subjectKeyIdentifier.getId()) == null
        ? extensions.createAuthorityKeyIdentifier(of.getPublicKey())
        : extensions.createAuthorityKeyIdentifier(of);
  }

  private static X509v3CertificateBuilder form(
      X500Principal issuer, X500Principal subject, PublicKey key, Instant begin, Instant end) {
    BigInteger serial = new BigInteger(SERIAL_BITS, RANDOM).setBit(SERIAL_BITS);
    return new JcaX509v3CertificateBuilder(
        issuer, serial, Date.from(begin), Date.from(end), subject, key);
  }

  private static X509Certificate signed(X509v3CertificateBuilder form, PrivateKey key)
      throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(form.build(new JcaContentSignerBuilder(algorithm(key)).build(key)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static String algorithm(PrivateKey key) {
    if (key instanceof ECKey curve) {
      int bits = curve.getParams().getOrder().bitLength();
      return bits <= 256 ? "SHA256withECDSA" : bits <= 384 ? "SHA384withECDSA" : "SHA512withECDSA";
    }
    return key instanceof EdECKey curve ? curve.getParams().getName() : "SHA256withRSA";
  }
}
