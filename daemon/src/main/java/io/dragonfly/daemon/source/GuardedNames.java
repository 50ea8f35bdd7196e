package io.dragonfly.daemon.source;

import io.dragonfly.common.net.LinkAddresses;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;

/**
 * Looks up names for the connection that is made next, which goes to just these addresses. Where
 * the link is closed, none of them is one of {@link LinkAddresses}: nobody is led to such a one by
 * a redirect, or by a name that changes its meaning after it was looked at.
 */
final class GuardedNames implements DnsResolver {
  private final boolean allowLinkLocal;
  private final Set<String> free;

  /**
   * @param free hosts that the operator named, such as proxies
   */
  GuardedNames(boolean allowLinkLocal, Set<String> free) {
    this.allowLinkLocal = allowLinkLocal;
    this.free = Set.copyOf(free);
  }

  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    InetAddress[] addresses = SystemDefaultDnsResolver.INSTANCE.resolve(host);
    if (!allowLinkLocal && !free.contains(host)) {
      for (InetAddress address : addresses) {
        check(host, address);
      }
    }
    return addresses;
  }

  @Override
  public List<InetSocketAddress> resolve(String host, int port) throws UnknownHostException {
    List<InetSocketAddress> places = new ArrayList<>();
    for (InetAddress address : resolve(host)) {
      places.add(new InetSocketAddress(address, port));
    }
    return places;
  }

  @Override
  public String resolveCanonicalHostname(String host) throws UnknownHostException {
    return SystemDefaultDnsResolver.INSTANCE.resolveCanonicalHostname(host);
  }

  /** Where somebody else looks the name up: an address that stands in the URL itself. */
  void checkLiteral(String host) throws ForbiddenAddressException {
    if (allowLinkLocal) {
      return;
    }
    // As others may read it, too: 0xA9FEA9FE.
    for (Function<String, InetAddress> reading :
        List.<Function<String, InetAddress>>of(
            InetAddress::ofLiteral, Inet4Address::ofPosixLiteral)) {
      try {
        check(host, reading.apply(host));
      } catch (IllegalArgumentException _) {
        // It is no address in this spelling.
      }
    }
  }

  private static void check(String host, InetAddress address) throws ForbiddenAddressException {
    if (LinkAddresses.contains(address)) {
      throw new ForbiddenAddressException(host, address);
    }
  }

  /** A name leads where this host must not go. */
  static final class ForbiddenAddressException extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    private ForbiddenAddressException(String host, InetAddress address) {
      super("the address " + address.getHostAddress() + " of " + host + " is one of the link");
    }
  }
}
