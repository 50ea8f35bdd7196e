package io.dragonfly.daemon;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dragonfly.common.config.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The {@code backend} section: how origins are read. Ours are {@code caCert}, a PEM file of
 * authorities to trust beside Java's own; {@code origins}, what is particular to some of them; and
 * {@code proxy} and {@code noProxy}, which stand for the variables of the environment (ALL_PROXY
 * and the others; NO_PROXY) when they are written; an empty proxy means none. Also ours: {@code
 * http2}, whether origins of https are offered HTTP/2, and {@code allowLinkLocal}, whether tasks
 * may be read at link-local addresses and metadata services; credentialsTTL, how long an origin
 * that accepted a caller's credentials is not asked again before content read with others is given
 * to it, and credentialsGrace, how long that counts while the origin does not answer.
 */
// Absent keys arrive as null and leave as defaults.
@SuppressWarnings({"NullAway", "NullOptional", "NullableOptional"})
public record BackendConfig(
    Map<String, String> requestHeader,
    Integer maxRetries,
    Boolean enableCacheTemporaryRedirect,
    @JsonProperty("cacheTemporaryRedirectTTL") Duration cacheTemporaryRedirectTtl,
    Integer putConcurrentChunkCount,
    ByteSize putChunkSize,
    Duration putTimeout,
    @JsonProperty("enableHickoryDNS") Boolean enableHickoryDns,
    Optional<Path> caCert,
    List<Origin> origins,
    Optional<String> proxy,
    Optional<String> noProxy,
    Boolean http2,
    Boolean allowLinkLocal,
    @JsonProperty("credentialsTTL") Duration credentialsTtl,
    Duration credentialsGrace) {

  static final BackendConfig DEFAULT =
      new BackendConfig(
          null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
          null);

  public BackendConfig {
    requestHeader = Map.copyOf(requireNonNullElse(requestHeader, Map.of()));
    maxRetries = requireNonNullElse(maxRetries, 1);
    Bounds.check("maxRetries", maxRetries, 0, 100);
    enableCacheTemporaryRedirect = requireNonNullElse(enableCacheTemporaryRedirect, true);
    cacheTemporaryRedirectTtl =
        Bounds.duration(
            "cacheTemporaryRedirectTTL", cacheTemporaryRedirectTtl, Duration.ofMinutes(10));
    putConcurrentChunkCount = requireNonNullElse(putConcurrentChunkCount, 16);
    Bounds.check("putConcurrentChunkCount", putConcurrentChunkCount, 1, 1024);
    putChunkSize = requireNonNullElse(putChunkSize, new ByteSize(8L << 20));
    putTimeout = Bounds.duration("putTimeout", putTimeout, Duration.ofMinutes(15));
    enableHickoryDns = requireNonNullElse(enableHickoryDns, true);
    caCert = present(caCert);
    origins = List.copyOf(requireNonNullElse(origins, List.of()));
    proxy = present(proxy);
    noProxy = present(noProxy);
    http2 = requireNonNullElse(http2, true);
    allowLinkLocal = requireNonNullElse(allowLinkLocal, false);
    credentialsTtl = Bounds.duration("credentialsTTL", credentialsTtl, Duration.ofMinutes(1));
    credentialsGrace = Bounds.duration("credentialsGrace", credentialsGrace, Duration.ofHours(1));
  }

  /** Shows no headers and no proxy, which may hold credentials. */
  @Override
  public String toString() {
    return "BackendConfig[caCert=" + caCert + ", origins=" + origins + "]";
  }

  /**
   * What is particular to an origin.
   *
   * @param host its name or address, with a port or for all of them
   * @param caCert PEM file of authorities to trust for it, beside the others
   * @param cert PEM file with the certificate that we show it, needs {@code key}
   * @param key PEM file with the private key of {@code cert}
   */
  public record Origin(
      String host, Optional<Path> caCert, Optional<Path> cert, Optional<Path> key) {
    public Origin {
      if (host == null || host.isBlank()) {
        throw new IllegalArgumentException("host: an origin needs one, such as registry.example");
      }
      caCert = present(caCert);
      cert = present(cert);
      key = present(key);
      if (cert.isPresent() != key.isPresent()) {
        throw new IllegalArgumentException(
            (cert.isPresent() ? "key" : "cert")
                + ": a certificate needs its key, and a key its certificate");
      }
    }
  }

  private static <T> Optional<T> present(@Nullable Optional<T> value) {
    return value == null ? Optional.empty() : value;
  }
}
