package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import java.net.InetAddress;
import java.util.List;

/**
 * Where a tunnel was asked for.
 *
 * @param addresses that were found and checked then: nobody goes elsewhere later
 */
record OriginPlace(HostPort name, List<InetAddress> addresses) {
  OriginPlace {
    addresses = List.copyOf(addresses);
  }
}
