package io.dragonfly.daemon.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How origins are read. All limits and waits of the package are here.
 *
 * @param userAgent sent if the request has no User-Agent
 * @param requestHeaders added to each request that lacks them ({@code backend.requestHeader})
 * @param maxRetries how often a request is repeated after a transient failure, before any byte of
 *     the body ({@code backend.maxRetries}); 0..100
 * @param firstPause before the first repetition, doubled for each further one, each with a jitter
 *     of one half
 * @param maxPause the longest pause between attempts, also where {@code Retry-After} asks for more
 * @param connectTimeout per address, and again for the TLS handshake
 * @param headerTimeout from the request to the first byte of the answer
 * @param stallTimeout the longest time without a byte while a body is read
 * @param maxConnectionsPerOrigin at the same time to one origin (scheme, host, port); more wait
 * @param maxConnections at the same time in all
 * @param caCertificates certificates (PEM or DER) of authorities to trust beside Java's own
 * @param origins what TLS with some origins needs beyond that; the first that fits counts
 * @param cacheRedirects whether the target of a redirect is kept for the next requests
 * @param redirectTtl how long it is kept
 * @param refusalTtl how long an origin that answered a first look by 401, 403, 404 or 410 is not
 *     asked again with the same credentials; zero to ask always
 * @param allowPlainAfterTls whether a redirect may lead from https to http
 * @param http2 whether origins of https are offered HTTP/2
 * @param allowLinkLocal whether link-local addresses, such as those of metadata services, may be
 *     gone to
 * @param environment where HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are looked up
 */
public record SourceOptions(
    String userAgent,
    Map<String, String> requestHeaders,
    int maxRetries,
    Duration firstPause,
    Duration maxPause,
    Duration connectTimeout,
    Duration headerTimeout,
    Duration stallTimeout,
    int maxConnectionsPerOrigin,
    int maxConnections,
    List<byte[]> caCertificates,
    List<OriginTls> origins,
    boolean cacheRedirects,
    Duration redirectTtl,
    Duration refusalTtl,
    boolean allowPlainAfterTls,
    boolean http2,
    boolean allowLinkLocal,
    Map<String, String> environment) {

  public SourceOptions {
    requestHeaders = new LinkedHashMap<>(requestHeaders);
    caCertificates = List.copyOf(caCertificates);
    origins = List.copyOf(origins);
    environment = Map.copyOf(environment);
    within("maxRetries", maxRetries, 0, 100);
    within("maxConnectionsPerOrigin", maxConnectionsPerOrigin, 1, 10_000);
    within("maxConnections", maxConnections, 1, 100_000);
    positive("firstPause", firstPause);
    positive("maxPause", maxPause);
    positive("connectTimeout", connectTimeout);
    positive("headerTimeout", headerTimeout);
    positive("stallTimeout", stallTimeout);
    positive("redirectTtl", redirectTtl);
    if (!refusalTtl.isZero()) {
      positive("refusalTtl", refusalTtl);
    }
  }

  /** The defaults, with the proxies of this process's environment. */
  public static SourceOptions defaults() {
    return builder().build();
  }

  /** Whether a text names a proxy, as the variables and {@code backend.proxy} do. */
  public static boolean isProxy(String text) {
    return ProxyRules.parse(text.strip()).isPresent();
  }

  public static Builder builder() {
    return new Builder();
  }

  private static void within(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + " is " + value + " and must be " + least + " to " + most);
    }
  }

  private static void positive(String name, Duration value) {
    if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          name + " is " + value + " and must be more than 0 and at most a day");
    }
  }

  /** Begins with the defaults. */
  public static final class Builder {
    private static final int LARGEST_CA_FILE = 16 << 20;

    private String userAgent = defaultUserAgent();
    private Map<String, String> requestHeaders = Map.of();
    private int maxRetries = 3;
    private Duration firstPause = Duration.ofMillis(250);
    private Duration maxPause = Duration.ofSeconds(20);
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration headerTimeout = Duration.ofSeconds(60);
    private Duration stallTimeout = Duration.ofSeconds(30);
    private int maxConnectionsPerOrigin = 32;
    private int maxConnections = 256;
    private List<byte[]> caCertificates = List.of();
    private List<OriginTls> origins = List.of();
    private boolean cacheRedirects = true;
    private Duration redirectTtl = Duration.ofMinutes(10);
    private Duration refusalTtl = Duration.ofSeconds(3);
    private boolean allowPlainAfterTls;
    private boolean http2 = true;
    private boolean allowLinkLocal = true;
    private Map<String, String> environment = System.getenv();

    private Builder() {}

    private static String defaultUserAgent() {
      String version = SourceOptions.class.getPackage().getImplementationVersion();
      return "dragonfly/" + (version == null ? "dev" : version);
    }

    public Builder userAgent(String value) {
      userAgent = value;
      return this;
    }

    public Builder requestHeaders(Map<String, String> value) {
      requestHeaders = value;
      return this;
    }

    public Builder maxRetries(int value) {
      maxRetries = value;
      return this;
    }

    public Builder firstPause(Duration value) {
      firstPause = value;
      return this;
    }

    public Builder maxPause(Duration value) {
      maxPause = value;
      return this;
    }

    public Builder connectTimeout(Duration value) {
      connectTimeout = value;
      return this;
    }

    public Builder headerTimeout(Duration value) {
      headerTimeout = value;
      return this;
    }

    public Builder stallTimeout(Duration value) {
      stallTimeout = value;
      return this;
    }

    public Builder maxConnectionsPerOrigin(int value) {
      maxConnectionsPerOrigin = value;
      return this;
    }

    public Builder maxConnections(int value) {
      maxConnections = value;
      return this;
    }

    public Builder caCertificates(List<byte[]> value) {
      caCertificates = value;
      return this;
    }

    /**
     * The certificates in a file, as {@link SourceOptions#caCertificates}.
     *
     * @throws IOException if it cannot be read, has no certificates or is larger than 16 MiB
     */
    public Builder caCertificates(Path file) throws IOException {
      return caCertificates(List.of(certificates(file)));
    }

    /**
     * The certificates in a file, for {@link OriginTls}.
     *
     * @throws IOException as for {@link #caCertificates(Path)}
     */
    public static List<X509Certificate> authorities(Path file) throws IOException {
      try {
        return TrustStores.parse(List.of(certificates(file)));
      } catch (CertificateException e) {
        throw new IOException("it has no certificates in PEM or DER (" + e.getMessage() + ")", e);
      }
    }

    private static byte[] certificates(Path file) throws IOException {
      try (InputStream in = Files.newInputStream(file)) {
        byte[] bytes = in.readNBytes(LARGEST_CA_FILE + 1);
        if (bytes.length > LARGEST_CA_FILE) {
          throw new IOException("it is larger than " + LARGEST_CA_FILE + " bytes");
        }
        TrustStores.parse(List.of(bytes));
        return bytes;
      } catch (CertificateException e) {
        throw new IOException("it has no certificates in PEM or DER (" + e.getMessage() + ")", e);
      } catch (NoSuchFileException e) {
        throw new IOException("there is no such file", e);
      } catch (AccessDeniedException e) {
        throw new IOException("it may not be read", e);
      }
    }

    public Builder origins(List<OriginTls> value) {
      origins = value;
      return this;
    }

    public Builder cacheRedirects(boolean value) {
      cacheRedirects = value;
      return this;
    }

    public Builder redirectTtl(Duration value) {
      redirectTtl = value;
      return this;
    }

    public Builder refusalTtl(Duration value) {
      refusalTtl = value;
      return this;
    }

    public Builder allowPlainAfterTls(boolean value) {
      allowPlainAfterTls = value;
      return this;
    }

    public Builder http2(boolean value) {
      http2 = value;
      return this;
    }

    public Builder allowLinkLocal(boolean value) {
      allowLinkLocal = value;
      return this;
    }

    public Builder environment(Map<String, String> value) {
      environment = value;
      return this;
    }

    public SourceOptions build() {
      return new SourceOptions(
          userAgent,
          requestHeaders,
          maxRetries,
          firstPause,
          maxPause,
          connectTimeout,
          headerTimeout,
          stallTimeout,
          maxConnectionsPerOrigin,
          maxConnections,
          caCertificates,
          origins,
          cacheRedirects,
          redirectTtl,
          refusalTtl,
          allowPlainAfterTls,
          http2,
          allowLinkLocal,
          environment);
    }
  }
}
