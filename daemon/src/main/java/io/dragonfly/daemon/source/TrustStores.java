package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.digest.Sha256;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;

/**
 * Which certificates are believed: Java's own authorities, the configured ones, and for one request
 * those it brings along; for some origins also a key of ours. Verification, of the host name too,
 * cannot be switched off. Safe for use by many threads; what a set of certificates costs to set up
 * is kept for the last few sets.
 */
final class TrustStores {
  private static final int MAX_KEPT = 16;

  /** Of a request, which comes from anybody; the configured ones are the operator's. */
  private static final int MAX_CERTIFICATES = 64;

  private static final int MAX_BYTES = 1 << 20;

  /** A set of trusted certificates; made ready when the first connection needs it. */
  static final class Trust {
    private final String key;
    private final List<X509Certificate> certificates;
    private final List<KeyManager> keys;

    @GuardedBy("this")
    private @Nullable SSLContext context;

    private Trust(String key, List<X509Certificate> certificates, List<KeyManager> keys) {
      this.key = key;
      this.certificates = certificates;
      this.keys = keys;
    }

    /** Connections made under one set are used only for requests with an equal key. */
    String key() {
      return key;
    }

    /** Sessions are resumed between all connections of one trust. */
    synchronized SSLContext context() throws SSLException {
      if (context == null) {
        try {
          context = TrustStores.context(certificates, keys);
        } catch (GeneralSecurityException | IOException e) {
          throw new SSLException("the trusted certificates cannot be used: " + e.getMessage(), e);
        }
      }
      return context;
    }

    DefaultClientTlsStrategy strategy() throws SSLException {
      return new DefaultClientTlsStrategy(context(), HostnameVerificationPolicy.BOTH, null);
    }

    /**
     * TLS that lets the origin choose the protocol.
     *
     * @throws Http2ChosenException when it chose HTTP/2; the connection is of no use then
     */
    SSLSocket offerHttp2(
        Socket socket,
        String host,
        int port,
        @Nullable Object attachment,
        @Nullable HttpContext context)
        throws IOException {
      SSLSocket secured = new Offering(context()).upgrade(socket, host, port, attachment, context);
      if ("h2".equals(secured.getApplicationProtocol())) {
        secured.close();
        throw new Http2ChosenException();
      }
      return secured;
    }
  }

  private static final class Offering extends DefaultClientTlsStrategy {
    Offering(SSLContext context) {
      super(context, HostnameVerificationPolicy.BOTH, null);
    }

    @Override
    protected void initializeSocket(SSLSocket socket) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
      socket.setSSLParameters(parameters);
    }
  }

  /** Unchecked, for the library would go on to the next address otherwise. */
  static final class Http2ChosenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Http2ChosenException() {
      super("the origin chose HTTP/2", null, false, false);
    }
  }

  private final List<X509Certificate> configured;
  private final Trust usual;
  private final List<OriginTls> origins;
  private final List<Trust> ofOrigins = new ArrayList<>();

  @GuardedBy("this")
  private final Map<String, Trust> brought = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @throws IllegalArgumentException if one of the certificates is none
   */
  TrustStores(SourceOptions options) {
    try {
      this.configured = List.copyOf(parse(options.caCertificates()));
    } catch (CertificateException e) {
      throw new IllegalArgumentException(
          "a configured CA certificate cannot be read: " + e.getMessage(), e);
    }
    this.usual = new Trust("", configured, List.of());
    this.origins = options.origins();
    for (OriginTls origin : origins) {
      List<X509Certificate> certificates = new ArrayList<>(configured);
      certificates.addAll(origin.authorities());
      ofOrigins.add(
          new Trust("origin " + ofOrigins.size(), List.copyOf(certificates), origin.keys()));
    }
  }

  /** The trust for an origin, and a request that brings nothing along. */
  private Trust base(OriginUrl url) {
    for (int i = 0; i < origins.size(); i++) {
      if (origins.get(i).fits(url)) {
        return ofOrigins.get(i);
      }
    }
    return usual;
  }

  /** The trust for a request that brings along these certificates, perhaps none. */
  Trust trust(List<byte[]> certificateChain, OriginUrl url) throws OriginException {
    Trust base = base(url);
    if (certificateChain.isEmpty()) {
      return base;
    }
    List<X509Certificate> certificates = new ArrayList<>(base.certificates);
    String key;
    try {
      List<X509Certificate> added = parse(certificateChain, MAX_CERTIFICATES, MAX_BYTES);
      certificates.addAll(added);
      MessageDigest hash = Sha256.begin();
      for (X509Certificate certificate : added) {
        hash.update(certificate.getEncoded());
      }
      key = base.key + Sha256.hex(hash);
    } catch (GeneralSecurityException e) {
      throw new OriginException(
          Kind.TLS,
          "Cannot read "
              + url
              + ": the certificate chain of the request cannot be read ("
              + e.getMessage()
              + "). It must hold X.509 certificates in DER or PEM.",
          e);
    }
    synchronized (this) {
      Trust trust =
          brought.computeIfAbsent(key, k -> new Trust(k, List.copyOf(certificates), base.keys));
      if (brought.size() > MAX_KEPT) {
        brought.remove(brought.keySet().iterator().next());
      }
      return trust;
    }
  }

  /** The certificates that the operator configured. */
  static List<X509Certificate> parse(List<byte[]> encoded) throws CertificateException {
    return parse(encoded, Integer.MAX_VALUE, Integer.MAX_VALUE);
  }

  private static List<X509Certificate> parse(
      List<byte[]> encoded, int mostCertificates, int mostBytes) throws CertificateException {
    List<X509Certificate> certificates = new ArrayList<>();
    long bytes = 0;
    for (byte[] one : encoded) {
      bytes += one.length;
      if (bytes > mostBytes) {
        throw new CertificateException("more than " + mostBytes + " bytes of certificates");
      }
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(one))) {
        certificates.add((X509Certificate) certificate);
      }
    }
    if (certificates.isEmpty() && !encoded.isEmpty()) {
      throw new CertificateException("no certificate in it");
    }
    if (certificates.size() > mostCertificates) {
      throw new CertificateException("more than " + mostCertificates + " certificates");
    }
    return certificates;
  }

  private static SSLContext context(List<X509Certificate> added, List<KeyManager> keys)
      throws GeneralSecurityException, IOException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        keys.isEmpty() ? null : keys.toArray(KeyManager[]::new),
        added.isEmpty() ? null : trustManagers(added),
        null);
    return context;
  }

  private static TrustManager[] trustManagers(List<X509Certificate> added)
      throws GeneralSecurityException, IOException {
    String algorithm = TrustManagerFactory.getDefaultAlgorithm();
    TrustManagerFactory java = TrustManagerFactory.getInstance(algorithm);
    java.init((KeyStore) null);
    KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
    all.load(null, null);
    int number = 0;
    for (TrustManager manager : java.getTrustManagers()) {
      if (manager instanceof X509TrustManager known) {
        for (X509Certificate certificate : known.getAcceptedIssuers()) {
          all.setCertificateEntry("java-" + number++, certificate);
        }
      }
    }
    for (X509Certificate certificate : added) {
      all.setCertificateEntry("added-" + number++, certificate);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance(algorithm);
    factory.init(all);
    return factory.getTrustManagers();
  }
}
