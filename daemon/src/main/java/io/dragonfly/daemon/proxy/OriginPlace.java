package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.source.Passage;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * Where a tunnel was asked for.
 *
 * @param addresses that were found and checked then: nobody goes elsewhere later
 * @param via the proxy that is asked by CONNECT to lead there, and looks the name up itself
 */
record OriginPlace(HostPort name, List<InetAddress> addresses, Optional<Passage.Via> via) {
  OriginPlace {
    addresses = List.copyOf(addresses);
  }
}
