package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * Hosts by name: {@code registry.example} (or an address), or {@code *.example} for all names below
 * one, at any depth and not that one itself. With {@code :8443} at that port only, else at any.
 */
public final class HostPattern {
  private static final String BELOW = "*.";

  private final String host;
  private final boolean below;
  private final OptionalInt port;

  private HostPattern(String host, boolean below, OptionalInt port) {
    this.host = host;
    this.below = below;
    this.port = port;
  }

  /**
   * Understands a pattern.
   *
   * @throws IllegalArgumentException that names the text and what is allowed
   */
  public static HostPattern parse(String text) {
    boolean below = text.startsWith(BELOW);
    String place = below ? text.substring(BELOW.length()) : text;
    boolean withPort = place.lastIndexOf(':') > place.lastIndexOf(']');
    try {
      HostPort parsed = HostPort.parse(withPort ? place : place + ":0");
      boolean isName = parsed.host().matches("[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
      if (isName && !parsed.host().startsWith(".") && !(withPort && parsed.port() == 0)) {
        return new HostPattern(
            parsed.host().toLowerCase(Locale.ROOT),
            below,
            withPort ? OptionalInt.of(parsed.port()) : OptionalInt.empty());
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(mistake(text), e);
    }
    throw new IllegalArgumentException(mistake(text));
  }

  private static String mistake(String text) {
    return "\""
        + text
        + "\" names no hosts: write a host (registry.example), all below one (*.example), or either"
        + " with a port (registry.example:8443); an IPv6 address in brackets";
  }

  boolean includes(HostPort place) {
    String name = place.host().toLowerCase(Locale.ROOT);
    return (port.isEmpty() || port.getAsInt() == place.port())
        && (below ? name.endsWith("." + host) : name.equals(host));
  }

  @Override
  public String toString() {
    String name = host.indexOf(':') < 0 ? host : "[" + host + "]";
    return (below ? BELOW : "") + name + (port.isPresent() ? ":" + port.getAsInt() : "");
  }
}
