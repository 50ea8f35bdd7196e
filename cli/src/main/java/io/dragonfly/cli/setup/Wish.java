package io.dragonfly.cli.setup;

import io.dragonfly.common.net.HostPort;
import java.util.List;
import java.util.Optional;

/**
 * What a client's configuration shall say.
 *
 * @param proxy where the daemon's proxy listens
 * @param registries registries (for git-lfs: hosts with its content) that were named; may be empty
 * @param userFiles absolute directory of the user's own configuration; empty for that of all users
 * @param index an index of packages for pip; a URL
 * @param authority the certificate (PEM) by which the daemon is known inside HTTPS
 */
record Wish(
    HostPort proxy,
    List<Registry> registries,
    Optional<String> userFiles,
    Optional<String> index,
    Optional<String> authority) {
  Wish {
    registries = List.copyOf(registries);
  }

  /** The same, of the registries that clients know when none is named. */
  static Wish of(HostPort proxy, Optional<String> userFiles) {
    return new Wish(proxy, List.of(), userFiles, Optional.empty(), Optional.empty());
  }

  String proxyUrl() {
    return "http://" + proxy;
  }

  /**
   * @param name as images are called by it: a host, and a port if need be
   * @param tls whether it is asked by https
   */
  record Registry(String name, boolean tls) {
    static final Registry HUB = new Registry("docker.io", true);

    /** Throws {@link IllegalArgumentException} that says what is allowed. */
    static Registry parse(String text) {
      boolean plain = text.startsWith("http://");
      String name = text.substring(plain ? 7 : text.startsWith("https://") ? 8 : 0);
      if (!name.matches("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")) {
        throw new IllegalArgumentException(
            "expected a registry such as ghcr.io, registry.example:5000 or http://10.0.0.1:5000");
      }
      return new Registry(name, !plain);
    }

    /** Where its content is. */
    String url() {
      return (tls ? "https://" : "http://")
          + (name.equals(HUB.name) ? "registry-1.docker.io" : name);
    }
  }
}
