package io.dragonfly.daemon.proxy;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.url.PercentCoding;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which registry a request to the mirror is for. What counts, in this order: the header {@code
 * X-Dragonfly-Registry}, the parameter {@code ns} of containerd, a registry's name in front of the
 * path ({@code /ghcr.io/v2/...}) or of the repository ({@code /v2/ghcr.io/...}), the configured
 * mirror.
 */
final class Registries {
  private static final String DOCKER_HUB = "https://registry-1.docker.io";
  private static final String API = "/v2/";

  private final String usual;

  /**
   * @param usual the configured mirror, a URL
   */
  Registries(String usual) {
    this.usual = base(usual);
  }

  /** The mirror's registry; a URL without a path. */
  String usual() {
    return usual;
  }

  /**
   * The URL at the registry.
   *
   * @param target path and query as the client sent them
   * @param named the value of X-Dragonfly-Registry, if any
   */
  String url(String target, @Nullable String named) throws Refusal {
    int question = target.indexOf('?');
    String path = question < 0 ? target : target.substring(0, question);
    String query = question < 0 ? "" : target.substring(question + 1);
    Optional<String> namespace = parameter(query, "ns");
    String rest = without(query, "ns");
    String suffix = rest.isEmpty() ? "" : "?" + rest;
    try {
      if (named != null && !named.isBlank()) {
        return base(named.strip()) + path + suffix;
      }
      if (namespace.isPresent()) {
        return base(namespace.get()) + path + suffix;
      }
      Optional<String> prefixed = prefixed(path);
      return prefixed.orElse(usual + path) + suffix;
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest(
          "The registry that the request names can't be used: "
              + e.getMessage()
              + ". Name it as registry.example, registry.example:5000 or"
              + " https://registry.example.");
    }
  }

  private static Optional<String> prefixed(String path) {
    int end = path.indexOf('/', 1);
    if (end > 1 && path.startsWith(API, end) && isHost(path.substring(1, end))) {
      return Optional.of(base(path.substring(1, end)) + path.substring(end));
    }
    if (path.startsWith(API)) {
      end = path.indexOf('/', API.length());
      if (end > 0 && isHost(path.substring(API.length(), end))) {
        return Optional.of(base(path.substring(API.length(), end)) + API + path.substring(end + 1));
      }
    }
    return Optional.empty();
  }

  /** As in the names of images: the first part is a host if it could be no name of a repository. */
  private static boolean isHost(String part) {
    return part.equals("localhost") || part.indexOf('.') >= 0 || part.indexOf(':') >= 0;
  }

  /**
   * Scheme and host. A name without a scheme means https, and http on this machine, as the runtimes
   * have it.
   */
  private static String base(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.startsWith("http://") || lower.startsWith("https://")) {
      int slashes = name.indexOf("://") + 3;
      int end = name.indexOf('/', slashes);
      check(name.substring(slashes, end < 0 ? name.length() : end));
      return name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
    }
    check(name);
    if (lower.equals("docker.io") || lower.equals("index.docker.io")) {
      return DOCKER_HUB;
    }
    return (isLoopback(lower) ? "http://" : "https://") + name;
  }

  private static void check(String authority) {
    boolean withPort = authority.lastIndexOf(':') > authority.lastIndexOf(']');
    HostPort _ = HostPort.parse(withPort ? authority : authority + ":443");
  }

  private static boolean isLoopback(String authority) {
    return authority.equals("localhost")
        || authority.startsWith("localhost:")
        || authority.matches("127\\.\\d+\\.\\d+\\.\\d+(:\\d+)?")
        || authority.equals("[::1]")
        || authority.startsWith("[::1]:");
  }

  private static Optional<String> parameter(String query, String name) {
    for (String one : query.split("&", -1)) {
      if (one.startsWith(name + "=") && one.length() > name.length() + 1) {
        return Optional.of(PercentCoding.decode(one.substring(name.length() + 1)));
      }
    }
    return Optional.empty();
  }

  private static String without(String query, String name) {
    StringBuilder rest = new StringBuilder();
    for (String one : query.split("&", -1)) {
      if (!one.startsWith(name + "=") && !one.isEmpty()) {
        rest.append(rest.isEmpty() ? "" : "&").append(one);
      }
    }
    return rest.toString();
  }

  /** The digest that names what is at a URL of a registry: of a blob, or of a manifest. */
  static Optional<Digest> digest(String url) {
    int query = url.indexOf('?');
    String path = query < 0 ? url : url.substring(0, query);
    int last = path.lastIndexOf('/');
    if (!path.contains(API)
        || !(path.startsWith("/blobs", last - 6) || path.startsWith("/manifests", last - 10))) {
      return Optional.empty();
    }
    try {
      return Optional.of(Digest.parse(path.substring(last + 1)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
