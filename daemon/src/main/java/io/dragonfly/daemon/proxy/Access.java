package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;

/**
 * Who may use the proxy: everybody, or whoever says the name and the password it wants. They belong
 * in Proxy-Authorization, so that a registry's own credentials pass beside them; or, for clients of
 * upstream's proxy, in Authorization, which then goes no further. At a CONNECT it is always the
 * first: what comes through a tunnel is the other end's.
 */
final class Access {
  private static final String SCHEME = "basic ";

  private final Optional<byte[]> wanted;
  private final boolean inAuthorization;

  Access(Optional<ProxyOptions.User> user) {
    wanted = user.map(one -> (one.name() + ":" + one.password()).getBytes(UTF_8));
    inAuthorization = user.filter(ProxyOptions.User::inAuthorization).isPresent();
  }

  /**
   * Takes away what was said to this proxy only.
   *
   * @throws Refusal 407, or 401 where Authorization is wanted, unless the request names the user
   */
  void check(HttpRequest request) throws Refusal {
    if (wanted.isEmpty()) {
      return;
    }
    boolean forProxies = !inAuthorization || request.method().equals(HttpMethod.CONNECT);
    CharSequence header =
        forProxies ? HttpHeaderNames.PROXY_AUTHORIZATION : HttpHeaderNames.AUTHORIZATION;
    String said = request.headers().get(header, "").strip();
    request.headers().remove(header);
    if (!said.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        || !MessageDigest.isEqual(wanted.get(), decoded(said.substring(SCHEME.length()).strip()))) {
      throw new Refusal(
          forProxies
              ? HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED
              : HttpResponseStatus.UNAUTHORIZED,
          Refusal.Type.PROXY,
          "The proxy wants the name and the password of proxy.server.basicAuth in "
              + (forProxies ? "Proxy-Authorization." : "Authorization."));
    }
  }

  private static byte[] decoded(String text) {
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }
}
