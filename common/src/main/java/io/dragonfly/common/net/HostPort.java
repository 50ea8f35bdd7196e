package io.dragonfly.common.net;

import java.net.InetSocketAddress;

/**
 * A host (name, IPv4, or IPv6 without brackets) and a port from 0 to 65535. As text {@code
 * host:port} or {@code [ipv6]:port}.
 */
public record HostPort(String host, int port) {
  private static final int MAX_HOST = 255;

  /** Throws {@link IllegalArgumentException} that says what is wrong. */
  public HostPort {
    if (host.isEmpty()
        || host.length() > MAX_HOST
        || !host.chars().allMatch(HostPort::isHostCharacter)) {
      throw new IllegalArgumentException(
          "host '" + shortened(host) + "' is not valid: write a host name or an IP address");
    }
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("port " + port + " is not valid: it must be 0 to 65535");
    }
  }

  /** Throws {@link IllegalArgumentException} that names the text and what is allowed. */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw invalid(text);
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[")) {
      if (!host.endsWith("]") || host.indexOf(':') < 0) {
        throw invalid(text);
      }
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw invalid(text);
    }
    try {
      return new HostPort(host, port(text.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(invalid(text).getMessage(), e);
    }
  }

  private static int port(String text) {
    if (text.isEmpty() || text.length() > 5 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("not a port");
    }
    return Integer.parseInt(text);
  }

  /** Of an address; the host is its IP when it has one. */
  public static HostPort of(InetSocketAddress address) {
    String host =
        address.isUnresolved() ? address.getHostString() : address.getAddress().getHostAddress();
    return new HostPort(host, address.getPort());
  }

  /** For a client that resolves the name when it connects. */
  public InetSocketAddress unresolved() {
    return InetSocketAddress.createUnresolved(host, port);
  }

  private static boolean isHostCharacter(int c) {
    return c > ' ' && c != 0x7F && "/@?#[]\\".indexOf(c) < 0;
  }

  private static IllegalArgumentException invalid(String text) {
    return new IllegalArgumentException(
        "address '"
            + shortened(text)
            + "' is not valid: write host:port or [ipv6]:port, with a port from 0 to 65535");
  }

  private static String shortened(String text) {
    // What comes before an @ may be a password.
    String shown = text.substring(text.lastIndexOf('@') + 1);
    shown = shown.length() > 64 ? shown.substring(0, 64) + "..." : shown;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
