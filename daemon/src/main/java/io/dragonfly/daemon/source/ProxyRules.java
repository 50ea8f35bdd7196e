package io.dragonfly.daemon.source;

import java.net.InetAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which HTTP proxy an origin is reached through, by the customary variables (the lower-case name
 * counts first):
 *
 * <pre>
 *   HTTP_PROXY, HTTPS_PROXY  for origins of that scheme;  ALL_PROXY  for both
 *   proxy    = [ "http://" ] [ user ":" password "@" ] host [ ":" port ]
 *   NO_PROXY = "*" | rule *( "," rule )
 *   rule     = name        ; the host and everything below it, with or without a leading dot
 *            | address [ "/" prefix ]
 *            | rule ":" port
 * </pre>
 *
 * <p>This machine itself (localhost, 127.0.0.0/8, ::1) is never reached through a proxy.
 */
final class ProxyRules {
  /**
   * @param authorization the proxy's user and password, if it wants them
   */
  record Proxy(String host, int port, Optional<UserAndPassword> authorization) {}

  /** Never shown. */
  record UserAndPassword(String user, String password) {
    @Override
    public String toString() {
      return "UserAndPassword[hidden]";
    }
  }

  private static final Logger log = LoggerFactory.getLogger(ProxyRules.class);
  private static final int DEFAULT_PORT = 80;

  private final Optional<Proxy> http;
  private final Optional<Proxy> https;
  private final List<String> exceptions;

  private ProxyRules(Optional<Proxy> http, Optional<Proxy> https, List<String> exceptions) {
    this.http = http;
    this.https = https;
    this.exceptions = exceptions;
  }

  static ProxyRules of(Map<String, String> environment) {
    Optional<Proxy> all = proxy(environment, "ALL_PROXY");
    List<String> exceptions = new ArrayList<>();
    for (String rule : variable(environment, "NO_PROXY").orElse("").split(",", -1)) {
      if (!rule.isBlank()) {
        exceptions.add(rule.strip().toLowerCase(Locale.ROOT));
      }
    }
    return new ProxyRules(
        proxy(environment, "HTTP_PROXY").or(() -> all),
        proxy(environment, "HTTPS_PROXY").or(() -> all),
        exceptions);
  }

  /** All proxies there are. */
  List<Proxy> proxies() {
    List<Proxy> proxies = new ArrayList<>();
    http.ifPresent(proxies::add);
    https.filter(proxy -> !proxies.contains(proxy)).ifPresent(proxies::add);
    return proxies;
  }

  /** The proxy on the way to an origin; empty for the direct way. */
  Optional<Proxy> proxyFor(String scheme, String host, int port) {
    Optional<Proxy> proxy = scheme.equals("https") ? https : http;
    if (proxy.isEmpty() || isThisMachine(host)) {
      return Optional.empty();
    }
    for (String rule : exceptions) {
      if (matches(rule, host, port)) {
        return Optional.empty();
      }
    }
    return proxy;
  }

  private static boolean isThisMachine(String host) {
    if (host.equals("localhost") || host.endsWith(".localhost")) {
      return true;
    }
    byte[] address = address(host);
    return address.length > 0 && isLoopback(address);
  }

  private static boolean isLoopback(byte[] address) {
    if (address.length == 4) {
      return address[0] == 127;
    }
    for (int i = 0; i < 15; i++) {
      if (address[i] != 0) {
        return false;
      }
    }
    return address[15] == 1;
  }

  private static boolean matches(String rule, String host, int port) {
    if (rule.equals("*")) {
      return true;
    }
    String pattern = rule;
    int colon = rule.lastIndexOf(':');
    if (colon > 0 && (rule.indexOf(':') == colon || rule.charAt(colon - 1) == ']')) {
      if (ContentRange.number(rule.substring(colon + 1)).orElse(-1) != port) {
        return false;
      }
      pattern = rule.substring(0, colon);
    }
    if (pattern.startsWith("[") && pattern.endsWith("]")) {
      pattern = pattern.substring(1, pattern.length() - 1);
    }
    int slash = pattern.indexOf('/');
    byte[] ruleAddress = address(slash < 0 ? pattern : pattern.substring(0, slash));
    if (ruleAddress.length > 0) {
      long bits =
          slash < 0
              ? ruleAddress.length * 8L
              : ContentRange.number(pattern.substring(slash + 1)).orElse(-1);
      return isWithin(address(host), ruleAddress, bits);
    }
    String name = pattern.startsWith("*.") ? pattern.substring(1) : pattern;
    name = name.startsWith(".") ? name.substring(1) : name;
    return !name.isEmpty() && (host.equals(name) || host.endsWith("." + name));
  }

  private static boolean isWithin(byte[] address, byte[] network, long bits) {
    if (address.length != network.length || bits < 0 || bits > network.length * 8L) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >> (bit % 8);
      if ((address[bit / 8] & mask) != (network[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  /** The bytes of an IP literal; none for a host name, which is never looked up here. */
  private static byte[] address(String text) {
    try {
      return InetAddress.ofLiteral(text).getAddress();
    } catch (IllegalArgumentException _) {
      return new byte[0];
    }
  }

  private static Optional<Proxy> proxy(Map<String, String> environment, String name) {
    Optional<String> value = variable(environment, name);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    Optional<Proxy> proxy = parse(value.get());
    if (proxy.isEmpty()) {
      log.warn(
          "event=proxy_ignored variable={} reason=\"only http://[user:password@]host[:port] is"
              + " supported\"",
          name);
    }
    return proxy;
  }

  static Optional<Proxy> parse(String value) {
    String text = value;
    int scheme = text.indexOf("://");
    if (scheme >= 0) {
      if (!text.substring(0, scheme).equalsIgnoreCase("http")) {
        return Optional.empty();
      }
      text = text.substring(scheme + 3);
    }
    int slash = text.indexOf('/');
    text = slash < 0 ? text : text.substring(0, slash);
    int at = text.lastIndexOf('@');
    Optional<UserAndPassword> user = at < 0 ? Optional.empty() : user(text.substring(0, at));
    String hostAndPort = text.substring(at + 1);
    int colon = hostAndPort.lastIndexOf(':');
    if (colon >= 0 && hostAndPort.indexOf(']', colon) >= 0) {
      colon = -1;
    }
    String host = colon < 0 ? hostAndPort : hostAndPort.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    long port =
        colon < 0 ? DEFAULT_PORT : ContentRange.number(hostAndPort.substring(colon + 1)).orElse(-1);
    if (host.isEmpty() || port < 1 || port > 65_535) {
      return Optional.empty();
    }
    return Optional.of(new Proxy(host.toLowerCase(Locale.ROOT), (int) port, user));
  }

  private static Optional<UserAndPassword> user(String text) {
    int colon = text.indexOf(':');
    String user = colon < 0 ? text : text.substring(0, colon);
    String password = colon < 0 ? "" : text.substring(colon + 1);
    return Optional.of(new UserAndPassword(decoded(user), decoded(password)));
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return text;
    }
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return value(environment, name.toLowerCase(Locale.ROOT)).or(() -> value(environment, name));
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .map(String::strip)
        .filter(value -> !value.isEmpty());
  }
}
