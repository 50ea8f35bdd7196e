package io.dragonfly.common.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Set;

/**
 * Addresses that give away what belongs to a machine to whoever makes a server of it go there:
 * those of the link (169.254.0.0/16, fe80::/10) and the metadata services of clouds, also when they
 * are written into an address of the NAT64 prefix (RFC 6052).
 */
public final class LinkAddresses {
  /** Metadata services that have an address beyond the link. */
  private static final Set<String> METADATA =
      Set.of("100.100.100.200", "192.0.0.192", "fd00:ec2:0:0:0:0:0:254", "168.63.129.16");

  private static final byte[] NAT64 = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};

  private LinkAddresses() {}

  public static boolean contains(InetAddress address) {
    InetAddress meant = meant(address);
    return meant.isLinkLocalAddress() || METADATA.contains(meant.getHostAddress());
  }

  private static InetAddress meant(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length != 16 || !Arrays.equals(bytes, 0, 12, NAT64, 0, 12)) {
      return address;
    }
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, 12, 16));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }
}
