package io.dragonfly.daemon;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.tls.Identity;
import io.dragonfly.common.tls.TlsContexts;
import io.dragonfly.common.tls.TlsException;
import io.dragonfly.daemon.source.OriginTls;
import io.dragonfly.daemon.source.SourceOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.KeyManager;

/** How origins are reached: proxies, authorities to trust, and our own certificates. */
final class OriginAccess {
  private static final List<String> PROXIES = List.of("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY");

  private OriginAccess() {}

  /**
   * Sets the options that the configuration asks for.
   *
   * @throws IOException names the key and what is wrong with it
   */
  static void of(
      BackendConfig config, Map<String, String> environment, SourceOptions.Builder options)
      throws IOException {
    options.environment(withProxy(config, environment));
    if (config.caCert().isPresent()) {
      Path file = config.caCert().get();
      try {
        options.caCertificates(file);
      } catch (IOException e) {
        throw unusable("backend.caCert", file, e);
      }
    }
    List<OriginTls> origins = new ArrayList<>();
    for (int i = 0; i < config.origins().size(); i++) {
      origins.add(origin("backend.origins[" + i + "]", config.origins().get(i)));
    }
    options.origins(origins);
  }

  /** The environment's proxies, unless the configuration has one, or says that there is none. */
  private static Map<String, String> withProxy(
      BackendConfig config, Map<String, String> environment) throws IOException {
    Map<String, String> result = new HashMap<>(environment);
    if (config.proxy().isPresent()) {
      PROXIES.forEach(name -> set(result, name, ""));
      String proxy = config.proxy().get().strip();
      if (!proxy.isEmpty() && !SourceOptions.isProxy(proxy)) {
        // Not repeated: it may hold a password.
        throw new IOException(
            "backend.proxy is not like http://host:port or http://user:password@host:port");
      }
      set(result, "ALL_PROXY", proxy);
    }
    config.noProxy().ifPresent(rules -> set(result, "NO_PROXY", rules));
    return result;
  }

  private static void set(Map<String, String> environment, String name, String value) {
    environment.remove(name.toLowerCase(Locale.ROOT));
    environment.put(name, value);
  }

  private static OriginTls origin(String key, BackendConfig.Origin origin) throws IOException {
    String host = origin.host().strip();
    int port = 0;
    if (host.endsWith("]") || host.indexOf(':') < 0) {
      host = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    } else {
      try {
        HostPort hostPort = HostPort.parse(host);
        host = hostPort.host();
        port = hostPort.port();
      } catch (IllegalArgumentException e) {
        throw new IOException(key + ".host: " + e.getMessage(), e);
      }
    }
    List<X509Certificate> authorities = List.of();
    Optional<Path> file = origin.caCert();
    if (file.isPresent()) {
      try {
        authorities = SourceOptions.Builder.authorities(file.get());
      } catch (IOException e) {
        throw unusable(key + ".caCert", file.get(), e);
      }
    }
    List<KeyManager> keys = List.of();
    if (origin.cert().isPresent() && origin.key().isPresent()) {
      try {
        keys =
            List.of(TlsContexts.keyManagers(new Identity(origin.cert().get(), origin.key().get())));
      } catch (TlsException e) {
        throw new IOException(key + ": " + e.getMessage(), e);
      }
    }
    return new OriginTls(host, port, authorities, keys);
  }

  private static IOException unusable(String key, Path file, IOException e) {
    return new IOException(key + ": cannot use " + file + ": " + e.getMessage(), e);
  }
}
