package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.net.LinkAddresses;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Where the proxy may go: not to {@link LinkAddresses}, which give away the machine's credentials
 * to whoever reaches the proxy, and not to its own port, where it would ask itself. A tunnel goes
 * to the addresses that were checked here; a request to an origin is checked again where its
 * connection, or that of a redirect, looks up the name.
 */
final class Destinations {
  private static final HttpResponseStatus LOOP = new HttpResponseStatus(508, "Loop Detected");

  private final boolean allowLinkLocal;
  private final int ownPort;

  /**
   * @param ownPort of this proxy
   */
  Destinations(boolean allowLinkLocal, int ownPort) {
    this.allowLinkLocal = allowLinkLocal;
    this.ownPort = ownPort;
  }

  /** Where a URL leads. */
  static HostPort of(String url) throws Refusal {
    int slashes = url.indexOf("://");
    int end = slashes + 3;
    while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) {
      end++;
    }
    String authority = url.substring(slashes + 3, end);
    authority = authority.substring(authority.lastIndexOf('@') + 1);
    boolean withPort = authority.lastIndexOf(':') > authority.lastIndexOf(']');
    boolean tls = url.toLowerCase(Locale.ROOT).startsWith("https:");
    try {
      return HostPort.parse(withPort ? authority : authority + (tls ? ":443" : ":80"));
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest("The URL of the request can't be used: " + e.getMessage());
    }
  }

  /**
   * The addresses of a place, none of which is forbidden.
   *
   * @param byProxy whether another proxy looks the name up that is asked for the way there; then
   *     there may be none
   * @throws Refusal when there are none, or one is forbidden
   */
  List<InetAddress> resolve(HostPort place, boolean byProxy) throws Refusal {
    List<InetAddress> addresses;
    try {
      addresses = Arrays.asList(InetAddress.getAllByName(place.host()));
    } catch (UnknownHostException e) {
      if (byProxy) {
        checkOtherSpelling(place);
        return List.of();
      }
      throw new Refusal(
          HttpResponseStatus.BAD_GATEWAY,
          Refusal.Type.BACKEND,
          "The host "
              + place.host()
              + " is not known. Check its name, and the name servers of"
              + " this machine.");
    }
    for (InetAddress address : addresses) {
      check(place, address);
    }
    return addresses;
  }

  /** What is no name here, as 0xA9FEA9FE, another proxy may read as an address. */
  private void checkOtherSpelling(HostPort place) throws Refusal {
    InetAddress address;
    try {
      address = Inet4Address.ofPosixLiteral(place.host());
    } catch (IllegalArgumentException e) {
      return;
    }
    check(place, address);
  }

  private void check(HostPort place, InetAddress address) throws Refusal {
    if (!allowLinkLocal && LinkAddresses.contains(address)) {
      throw new Refusal(
          HttpResponseStatus.FORBIDDEN,
          Refusal.Type.PROXY,
          "The address "
              + address.getHostAddress()
              + " of "
              + place.host()
              + " is one of the link or of a metadata service. The proxy goes there only with"
              + " proxy.server.allowLinkLocal: true.");
    }
    if (place.port() == ownPort && isOurs(address)) {
      throw new Refusal(
          LOOP, Refusal.Type.PROXY, place + " is this proxy itself: name a registry or an origin");
    }
  }

  private static boolean isOurs(InetAddress address) {
    try {
      return address.isLoopbackAddress()
          || address.isAnyLocalAddress()
          || NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return false;
    }
  }
}
