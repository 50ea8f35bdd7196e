package io.dragonfly.daemon;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.id.TaskIdentity;
import io.dragonfly.daemon.proxy.HostPattern;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The {@code proxy} section: the registry mirror and the forward proxy. */
// Absent keys arrive as null and leave as defaults.
@SuppressWarnings({"NullAway", "NullOptional", "NullableOptional"})
public record ProxyConfig(
    Server server,
    List<Rule> rules,
    RegistryMirror registryMirror,
    Boolean disableBackToSource,
    Boolean prefetch,
    ByteSize prefetchBandwidthLimit,
    Integer readBufferSize) {

  static final ProxyConfig DEFAULT = new ProxyConfig(null, null, null, null, null, null, null);

  public ProxyConfig {
    server = requireNonNullElse(server, new Server(null, null, null, null, null, null, null, null));
    rules = List.copyOf(requireNonNullElse(rules, List.of()));
    registryMirror = requireNonNullElse(registryMirror, new RegistryMirror(null, null, null));
    disableBackToSource = requireNonNullElse(disableBackToSource, false);
    prefetch = requireNonNullElse(prefetch, false);
    prefetchBandwidthLimit =
        requireNonNullElse(prefetchBandwidthLimit, new ByteSize(10_000_000_000L));
    readBufferSize = requireNonNullElse(readBufferSize, 512 << 10);
    Bounds.check("readBufferSize", readBufferSize, 4096, 64 << 20);
  }

  /**
   * Where the proxy listens. Ours are {@code allowLinkLocal}, whether it goes to link-local
   * addresses and metadata services, and {@code interceptHosts}, outside of which no host of HTTPS
   * is answered in its stead; absent for all hosts.
   */
  public record Server(
      Optional<String> ip,
      Integer port,
      Integer requestRateLimit,
      Optional<Path> caCert,
      Optional<Path> caKey,
      Optional<BasicAuth> basicAuth,
      Boolean allowLinkLocal,
      Optional<List<String>> interceptHosts) {
    public Server {
      ip = present(ip);
      port = Bounds.port("port", port, 4001);
      requestRateLimit = Bounds.requests("requestRateLimit", requestRateLimit, 4000);
      caCert = present(caCert);
      caKey = present(caKey);
      basicAuth = present(basicAuth);
      allowLinkLocal = requireNonNullElse(allowLinkLocal, false);
      interceptHosts = present(interceptHosts).map(List::copyOf);
      try {
        interceptHosts.ifPresent(hosts -> hosts.forEach(HostPattern::parse));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("interceptHosts: " + e.getMessage(), e);
      }
    }
  }

  /**
   * Who may use the proxy. {@code useAuthorization} is ours: outside of CONNECT they are named as
   * upstream wants it, and registries get no credentials of their own.
   */
  public record BasicAuth(String username, String password, Boolean useAuthorization) {
    public BasicAuth {
      useAuthorization = requireNonNullElse(useAuthorization, false);
      Bounds.check("username (length)", requireNonNullElse(username, "").length(), 1, 20);
      Bounds.check("password (length)", requireNonNullElse(password, "").length(), 1, 20);
    }

    @Override
    public String toString() {
      return "BasicAuth[username=" + username + "]";
    }
  }

  /** Which requests go through the swarm. */
  public record Rule(
      String regex,
      @JsonProperty("useTLS") Boolean useTls,
      Optional<String> redirect,
      List<String> filteredQueryParams) {
    public Rule {
      regex = requireNonNullElse(regex, ".*");
      try {
        Pattern _ = Pattern.compile(regex);
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException(
            "regex: \"" + regex + "\" is not a regular expression: " + e.getDescription(), e);
      }
      useTls = requireNonNullElse(useTls, false);
      redirect = present(redirect);
      filteredQueryParams =
          List.copyOf(
              requireNonNullElse(filteredQueryParams, TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS));
    }
  }

  /** Where requests without a host go. */
  public record RegistryMirror(
      String addr,
      Optional<Path> cert,
      @JsonProperty("enableTaskIDBasedBlobDigest") Boolean enableTaskIdBasedBlobDigest) {
    static final String DEFAULT_ADDR = "https://index.docker.io";

    public RegistryMirror {
      addr = requireNonNullElse(addr, DEFAULT_ADDR);
      cert = present(cert);
      enableTaskIdBasedBlobDigest = requireNonNullElse(enableTaskIdBasedBlobDigest, false);
    }
  }

  private static <T> Optional<T> present(@Nullable Optional<T> value) {
    return value == null ? Optional.empty() : value;
  }
}
