package io.dragonfly.daemon.source;

import io.dragonfly.common.digest.Sha256;
import io.dragonfly.common.net.Credentials;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * The headers that a request takes along to its origin and, without credentials, to where a
 * redirect leads, which {@link Credentials} tells by their names.
 */
final class RequestHeaders {
  private static final int MAX_COUNT = 200;
  private static final int MAX_CHARACTERS = 64 * 1024;

  /** Of the connection, of ranges and of conditions: decided here, not by who asks. */
  private static final Set<String> NEVER_FORWARDED =
      Set.of(
          "host",
          "range",
          "if-range",
          "if-match",
          "if-none-match",
          "if-modified-since",
          "if-unmodified-since",
          "connection",
          "proxy-connection",
          "keep-alive",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "expect",
          "content-length");

  private final OriginUrl origin;
  private final Map<String, String> headers;

  private RequestHeaders(OriginUrl origin, Map<String, String> headers) {
    this.origin = origin;
    this.headers = headers;
  }

  /**
   * @throws OriginException BAD_HEADER if one of the headers cannot be sent
   */
  static RequestHeaders of(OriginUrl origin, Map<String, String> asked, SourceOptions options)
      throws OriginException {
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Map.Entry<String, String> header : asked.entrySet()) {
      put(headers, header, origin);
    }
    for (Map.Entry<String, String> header : options.requestHeaders().entrySet()) {
      if (!headers.containsKey(header.getKey())) {
        put(headers, header, origin);
      }
    }
    headers.putIfAbsent("Accept", "*/*");
    headers.putIfAbsent("Accept-Encoding", "identity");
    headers.putIfAbsent("User-Agent", options.userAgent());
    int characters = 0;
    for (Map.Entry<String, String> header : headers.entrySet()) {
      characters += header.getKey().length() + header.getValue().length();
    }
    if (headers.size() > MAX_COUNT || characters > MAX_CHARACTERS) {
      throw new OriginException(
          Kind.BAD_HEADER,
          "Cannot read %s: it comes with %d request headers of %d characters, and %d of %d are allowed."
              .formatted(origin, headers.size(), characters, MAX_COUNT, MAX_CHARACTERS),
          null);
    }
    return new RequestHeaders(origin, headers);
  }

  /** Gives the receiver what may be sent to {@code target}. */
  void forEach(OriginUrl target, BiConsumer<String, String> receiver) {
    boolean trusted = origin.sameOrigin(target);
    headers.forEach((name, value) -> {
      if (trusted || !Credentials.isNamed(name)) {
        receiver.accept(name, value);
      }
    });
    boolean ownAuthorization = trusted && headers.containsKey("Authorization");
    if (!ownAuthorization) {
      OriginUrl user = trusted && target.userInfo().isEmpty() ? origin : target;
      user.basicAuthorization().ifPresent(value -> receiver.accept("Authorization", value));
    }
  }

  /** Whether {@link #forEach} leaves out credentials for this target. */
  boolean withholds(OriginUrl target) {
    return !origin.sameOrigin(target)
        && (origin.userInfo().isPresent()
            || headers.keySet().stream().anyMatch(Credentials::isNamed));
  }

  /** Equal for requests that an origin cannot tell apart; shows nothing of the headers. */
  String fingerprint() {
    MessageDigest hash = Sha256.begin();
    headers.forEach((name, value) -> {
      hash.update(name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
      hash.update((byte) 0);
      hash.update(value.getBytes(StandardCharsets.UTF_8));
      hash.update((byte) 0);
    });
    return Sha256.hex(hash);
  }

  private static void put(
      Map<String, String> headers, Map.Entry<String, String> header, OriginUrl origin)
      throws OriginException {
    String name = header.getKey();
    String value = header.getValue().strip();
    if (name.isEmpty() || !name.chars().allMatch(RequestHeaders::isTokenCharacter)) {
      throw bad(origin, "a request header has the name '" + shown(name) + "', which is none");
    }
    if (!value.chars().allMatch(RequestHeaders::isValueCharacter)) {
      throw bad(
          origin,
          "the value of the request header "
              + shown(name)
              + " holds a control character or one outside Latin-1");
    }
    if (!NEVER_FORWARDED.contains(name.toLowerCase(Locale.ROOT))) {
      headers.put(name, value);
    }
  }

  private static OriginException bad(OriginUrl origin, String why) {
    return new OriginException(
        Kind.BAD_HEADER, "Cannot read " + origin + ": " + why + ". Correct the header.", null);
  }

  private static String shown(String name) {
    StringBuilder text = new StringBuilder();
    name.chars().limit(60).forEach(c -> text.append(c < 0x20 || c >= 0x7f ? '?' : (char) c));
    return text.toString();
  }

  private static boolean isTokenCharacter(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  private static boolean isValueCharacter(int c) {
    return c == '\t' || (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c <= 0xff);
  }
}
