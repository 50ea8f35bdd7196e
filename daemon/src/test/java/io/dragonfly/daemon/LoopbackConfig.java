package io.dragonfly.daemon;

import io.dragonfly.common.config.ConfigException;
import java.nio.file.Path;

/** How daemons of tests are configured: all on loopback, at ports of the kernel's choice. */
final class LoopbackConfig {
  private static final String PROXY = "proxy: {server: {ip: 127.0.0.1, port: 0}}\n";

  private LoopbackConfig() {}

  /**
   * With its store at {@code DIR/NAME} and its socket beside it.
   *
   * @param more other sections, as YAML
   */
  static DaemonConfig of(Path dir, String name, String more) throws ConfigException {
    return ofProxy(dir, name, PROXY + more);
  }

  /** The same, with a section of the proxy among {@code more}. */
  static DaemonConfig ofProxy(Path dir, String name, String more) throws ConfigException {
    return Daemon.configuration(
        """
        host: {hostname: %1$s, ip: 127.0.0.1}
        download: {server: {socketPath: %2$s/%1$s.sock}}
        upload: {server: {ip: 127.0.0.1, port: 0}}
        storage: {dir: %2$s/%1$s, server: {ip: 127.0.0.1, tcpPort: 0}}
        metrics: {server: {ip: 127.0.0.1, port: 0}}
        health: {server: {ip: 127.0.0.1, port: 0}}
        """
                .formatted(name, dir)
            + more);
  }
}
