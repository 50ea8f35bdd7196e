package io.dragonfly.daemon.transfer;

/**
 * Where a parent serves pieces.
 *
 * @param host an IP address or a name
 * @param extension whether it announced that it understands block requests (and keeps connections)
 */
public record ParentAddress(String host, int port, boolean extension) {
  public ParentAddress {
    if (host.isBlank() || host.length() > 255) {
      throw new IllegalArgumentException("a parent's host has 1..255 characters");
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("a parent's port must be 1..65535, not " + port);
    }
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
