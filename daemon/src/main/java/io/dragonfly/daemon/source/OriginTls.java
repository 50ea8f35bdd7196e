package io.dragonfly.daemon.source;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.KeyManager;

/**
 * What TLS with one origin needs beyond the usual.
 *
 * @param host a name or address, an IPv6 one without brackets; in lower case
 * @param port 0 for all
 * @param authorities to trust for it, beside the others
 * @param keys that prove who we are; empty to show no certificate
 */
public record OriginTls(
    String host, int port, List<X509Certificate> authorities, List<KeyManager> keys) {
  public OriginTls {
    host = host.toLowerCase(Locale.ROOT);
    authorities = List.copyOf(authorities);
    keys = List.copyOf(keys);
  }

  boolean fits(OriginUrl url) {
    return host.equals(url.host()) && (port == 0 || port == url.port());
  }
}
