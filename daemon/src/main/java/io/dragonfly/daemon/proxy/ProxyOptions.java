package io.dragonfly.daemon.proxy;

import com.google.re2j.Pattern;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How the proxy serves.
 *
 * @param address where it listens
 * @param ip under which others know this host, told in answers
 * @param registry where requests to the mirror go that name no other registry; a URL
 * @param registryIsChosen somebody chose it; else what names no registry is for none in particular
 * @param byBlobDigest whether tasks of blobs have their digest as id, unless a request says
 *     otherwise
 * @param rules which requests go through the swarm; the first that matches counts
 * @param disableBackToSource tasks are not read at their origin by this host
 * @param prefetch whether a request for a part brings all of the content, unless it says otherwise
 * @param requestsPerSecond more are answered with 429
 * @param user who may use it; absent for everybody
 * @param allowLinkLocal whether link-local addresses, such as those of metadata services, may be
 *     asked
 * @param intercepted the only hosts of HTTPS that are answered in their stead; absent for all
 * @param patience how long a client may be silent within a request, or take nothing of an answer
 */
public record ProxyOptions(
    InetSocketAddress address,
    String ip,
    String registry,
    boolean registryIsChosen,
    boolean byBlobDigest,
    List<Rule> rules,
    boolean disableBackToSource,
    boolean prefetch,
    int requestsPerSecond,
    Optional<User> user,
    boolean allowLinkLocal,
    Optional<List<HostPattern>> intercepted,
    Duration patience) {
  public ProxyOptions {
    rules = List.copyOf(rules);
    intercepted = intercepted.map(List::copyOf);
  }

  /**
   * Who may use the proxy.
   *
   * @param inAuthorization named in Authorization, but at a CONNECT
   */
  public record User(String name, String password, boolean inAuthorization) {
    @Override
    public String toString() {
      return "User[" + name + "]";
    }
  }

  /**
   * Requests that go through the swarm.
   *
   * @param url found anywhere in the URL without its query
   * @param useTls the origin is asked by https
   * @param redirect the host (and port) that is asked instead
   * @param filteredQueryParams parameters that do not tell contents apart
   */
  public record Rule(
      Pattern url, boolean useTls, Optional<String> redirect, List<String> filteredQueryParams) {
    public Rule {
      filteredQueryParams = List.copyOf(filteredQueryParams);
    }
  }
}
