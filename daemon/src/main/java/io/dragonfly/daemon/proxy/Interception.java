package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.tls.CertificateAuthority;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of the hosts that clients want a tunnel to are answered here in their place: those that a
 * rule can be about ({@link RuleReach}) and the mirror's registry, as far as the configuration
 * permits it, while there is an authority that clients were told to trust. All others get their
 * tunnel. Safe for many threads.
 */
final class Interception {
  private static final Logger log = LoggerFactory.getLogger(Interception.class);
  private static final String HTTPS = "https://";

  private final List<RuleReach> rules = new ArrayList<>();
  private final String mirror;
  private final Optional<List<HostPattern>> permitted;
  private final Supplier<Optional<CertificateAuthority>> authority;
  private final HostContexts contexts = new HostContexts(InstantSource.system());

  /**
   * @param mirror the URL of the mirror's registry
   * @param permitted no others are answered here; absent for all
   * @param authority empty while nothing may be intercepted; may block
   */
  Interception(
      List<ProxyOptions.Rule> rules,
      String mirror,
      Optional<List<HostPattern>> permitted,
      Supplier<Optional<CertificateAuthority>> authority) {
    for (ProxyOptions.Rule rule : rules) {
      try {
        this.rules.add(new RuleReach(rule.url().pattern()));
      } catch (IllegalArgumentException e) {
        log.warn(
            "event=rule_not_for_tunnels regex=\"{}\" reason=\"{}\" hint=\"write it simpler, for"
                + " example ^https://host/\"",
            rule.url().pattern(),
            e.getMessage());
      }
    }
    this.mirror = mirror.toLowerCase(Locale.ROOT);
    this.permitted = permitted;
    this.authority = authority;
  }

  /** The TLS with which a place is answered here; empty for one that gets its tunnel. */
  Optional<SslContext> of(HostPort place) {
    if (!CertificateAuthority.canName(place.host()) || !concerns(place)) {
      return Optional.empty();
    }
    Optional<CertificateAuthority> one = authority.get();
    if (one.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(contexts.of(place.host().toLowerCase(Locale.ROOT), one.get()));
    } catch (IOException e) {
      log.warn("event=not_intercepted host={} reason=\"{}\"", place.host(), e.getMessage());
      return Optional.empty();
    }
  }

  private boolean concerns(HostPort place) {
    if (permitted.isPresent() && permitted.get().stream().noneMatch(one -> one.includes(place))) {
      return false;
    }
    String root = HTTPS + authority(place) + "/";
    return (mirror + "/").startsWith(root) || rules.stream().anyMatch(rule -> rule.includes(root));
  }

  /** As in URLs of https: in lower case, and without the usual port. */
  static String authority(HostPort place) {
    String text = place.toString().toLowerCase(Locale.ROOT);
    return place.port() == 443 ? text.substring(0, text.length() - ":443".length()) : text;
  }

  /**
   * The URL of a request that came on a connection to a place.
   *
   * @param target as in the request
   * @param host the request's Host, if it has one
   * @throws Refusal when it is for another place than the connection was opened to
   */
  static String url(HostPort place, String target, Optional<String> host) throws Refusal {
    String authority = authority(place);
    String path = target;
    if (target.regionMatches(true, 0, HTTPS, 0, HTTPS.length())) {
      int end = HTTPS.length();
      while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
        end++;
      }
      check(place, target.substring(HTTPS.length(), end));
      path = target.startsWith("/", end) ? target.substring(end) : "/" + target.substring(end);
    } else if (!target.startsWith("/")) {
      throw Refusal.badRequest(
          "The target of a request to " + place + " is neither a path nor a URL of it.");
    }
    if (host.isPresent()) {
      check(place, host.get().strip());
    }
    int fragment = path.indexOf('#');
    return HTTPS + authority + (fragment < 0 ? path : path.substring(0, fragment));
  }

  private static void check(HostPort place, String named) throws Refusal {
    boolean withPort = named.lastIndexOf(':') > named.lastIndexOf(']');
    try {
      HostPort other = HostPort.parse(withPort ? named : named + ":443");
      if (authority(other).equals(authority(place))) {
        return;
      }
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest("The host of the request can't be used: " + e.getMessage());
    }
    throw Refusal.misdirected(
        "The request is for another host than the tunnel was opened to, which is "
            + place
            + ": open another tunnel for it.");
  }
}
