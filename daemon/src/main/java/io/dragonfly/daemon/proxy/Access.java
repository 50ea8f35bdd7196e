package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;

/** Who may use the proxy: everybody, or whoever says the name and the password it wants. */
final class Access {
  private static final String SCHEME = "basic ";

  private final Optional<byte[]> wanted;

  Access(Optional<ProxyOptions.User> user) {
    wanted = user.map(one -> (one.name() + ":" + one.password()).getBytes(UTF_8));
  }

  /**
   * @throws Refusal 407 unless the request names the user
   */
  void check(HttpHeaders headers) throws Refusal {
    if (wanted.isEmpty()) {
      return;
    }
    String said = headers.get(HttpHeaderNames.PROXY_AUTHORIZATION, "").strip();
    if (!said.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        || !MessageDigest.isEqual(wanted.get(), decoded(said.substring(SCHEME.length()).strip()))) {
      throw new Refusal(
          HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED,
          Refusal.Type.PROXY,
          "The proxy wants the name and the password of proxy.server.basicAuth.");
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
