package io.dragonfly.dist;

import io.dragonfly.cli.Terminal;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.file.UserHome;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.DaemonConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The daemon that the doctor looks at, by its configuration: the one that was named, else that of
 * the system, else a standalone of this user.
 *
 * @param source where the configuration was found, for people
 * @param socket the unix socket that users ask
 */
record Patient(DaemonConfig config, Path dynconfig, String source, Path socket) {
  private static final Path SYSTEM = Path.of("/etc/dragonfly/dfdaemon.yaml");
  private static final Path SYSTEM_DYNCONFIG = Path.of("/etc/dragonfly/dynconfig.yaml");

  /**
   * Finds it.
   *
   * @throws StartException for a configuration that is not there or wrong
   */
  static Patient find(ParsedFlags flags, Terminal terminal) throws StartException {
    Optional<Path> file = flags.value("config").map(terminal.directory()::resolve);
    Optional<Path> dynconfig = flags.value("dynconfig").map(terminal.directory()::resolve);
    Optional<Path> endpoint = flags.value("endpoint").map(terminal.directory()::resolve);
    if (file.isEmpty() && Files.exists(SYSTEM)) {
      file = Optional.of(SYSTEM);
    }
    Optional<Path> standalone = standalone(terminal.environment());
    DaemonConfig config;
    String source;
    Path schedulers = SYSTEM_DYNCONFIG;
    if (file.isPresent()) {
      config = load(file.get());
      source = file.get().toString();
    } else if (standalone.isPresent()) {
      config = ofStandalone(standalone.get());
      source = "the standalone of " + standalone.get();
      schedulers = standalone.get().resolve("dynconfig.yaml");
    } else {
      config = LocalCluster.parse("{}", "dfdaemon.yaml", DaemonConfig.class, Keys.EXACT);
      source = "the defaults, for there is no " + SYSTEM;
    }
    return new Patient(
        config,
        dynconfig.orElse(schedulers),
        source,
        endpoint.orElse(config.download().server().socketPath()));
  }

  private static DaemonConfig load(Path file) throws StartException {
    try {
      return ConfigLoader.load(file, DaemonConfig.class).value();
    } catch (ConfigException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  private static Optional<Path> standalone(Map<String, String> environment) {
    String chosen = environment.getOrDefault("DRAGONFLY_DATA_DIR", "");
    Optional<Path> directory =
        chosen.isEmpty()
            ? UserHome.standalone(environment)
            : Optional.of(Path.of(chosen).toAbsolutePath().normalize());
    return directory.filter(path -> Files.exists(path.resolve("dynconfig.yaml")));
  }

  private static DaemonConfig ofStandalone(Path directory) throws StartException {
    String escaped = directory.toString().replace("\\", "\\\\").replace("\"", "\\\"");
    return LocalCluster.parse(
        """
        download: {server: {socketPath: "%1$s/dfdaemon.sock"}}
        storage: {dir: "%1$s/data"}
        seedPeer: {enable: true}
        """
            .formatted(escaped),
        "dfdaemon.yaml",
        DaemonConfig.class,
        Keys.EXACT);
  }

  /** Where its proxy is asked from this host. */
  HostPort proxy() {
    return local(config.proxy().server().ip(), config.proxy().server().port());
  }

  /** Where its health is asked from this host. */
  HostPort health() {
    return local(config.health().server().ip(), config.health().server().port());
  }

  private HostPort local(Optional<String> ip, int port) {
    String address = ip.orElse(config.defaultBindAddress());
    return new HostPort(
        address.equals("0.0.0.0") ? "127.0.0.1" : address.equals("::") ? "::1" : address, port);
  }
}
