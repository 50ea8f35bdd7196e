package io.dragonfly.daemon;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.OwnAuthority;
import io.dragonfly.common.tls.TlsException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authority by which the proxy answers in the stead of hosts: the configured one, or this
 * host's own from the moment on that it was exported, also while the daemon runs. Safe for many
 * threads.
 */
final class ProxyAuthority implements Supplier<Optional<CertificateAuthority>> {
  private static final Logger log = LoggerFactory.getLogger(ProxyAuthority.class);

  private final OwnAuthority own;

  @GuardedBy("this")
  private @Nullable CertificateAuthority current;

  @GuardedBy("this")
  private boolean complained;

  /**
   * Reads the configured one, if there is one.
   *
   * @throws IOException when that can't be used
   */
  ProxyAuthority(DaemonConfig config) throws IOException {
    own = new OwnAuthority(config.authorityDirectory());
    ProxyConfig.Server server = config.proxy().server();
    Optional<Path> certificate = server.caCert();
    Optional<Path> key = server.caKey();
    if (certificate.isPresent() != key.isPresent()) {
      throw new IOException(
          "of proxy.server.caCert and proxy.server.caKey only one is set: set both, or neither");
    }
    if (certificate.isPresent() && key.isPresent()) {
      try {
        current = CertificateAuthority.read(certificate.get(), key.get());
      } catch (TlsException e) {
        throw new IOException("proxy.server.caCert, caKey: " + e.getMessage(), e);
      }
    }
  }

  @Override
  public synchronized Optional<CertificateAuthority> get() {
    if (current == null && own.isExported()) {
      try {
        current = own.read();
        complained = false;
        log.info("event=proxy_authority file={}", own.file());
      } catch (TlsException e) {
        if (!complained) {
          complained = true;
          log.warn("event=https_only_tunnelled reason=\"{}\"", e.getMessage());
        }
      }
    }
    return Optional.ofNullable(current);
  }
}
