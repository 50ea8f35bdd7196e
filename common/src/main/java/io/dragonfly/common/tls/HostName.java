package io.dragonfly.common.tls;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a certificate can name: a host name in ASCII, or an IP address.
 *
 * @param text in lower case; an IPv6 address without brackets
 */
record HostName(String text, boolean isAddress) {
  private static final int LONGEST = 253;
  private static final Pattern NAME =
      Pattern.compile("[a-z0-9_]([a-z0-9_-]{0,62})(\\.[a-z0-9_]([a-z0-9_-]{0,62}))*");
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-f:.]*:[0-9a-f:.]*");

  /** Empty for what no certificate can name, such as an address with a zone. */
  static Optional<HostName> of(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    if (IPV4.matcher(lower).matches() || IPV6.matcher(lower).matches()) {
      try {
        return Optional.of(new HostName(InetAddress.ofLiteral(lower).getHostAddress(), true));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
    return lower.length() <= LONGEST && NAME.matcher(lower).matches()
        ? Optional.of(new HostName(lower, false))
        : Optional.empty();
  }
}
