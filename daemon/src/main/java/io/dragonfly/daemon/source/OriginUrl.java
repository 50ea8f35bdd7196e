package io.dragonfly.daemon.source;

import io.dragonfly.common.url.UrlHost;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * An http or https URL as it goes on the wire (RFC 3986, lenient the way browsers are):
 *
 * <pre>
 *   url = scheme "://" [ userinfo "@" ] host [ ":" port ] [ path ] [ "?" query ] [ "#" fragment ]
 * </pre>
 *
 * Characters that may not stand in a path or query are percent-encoded; what is encoded already,
 * dots and doubled slashes stay as they are, because signatures are made over them. The fragment is
 * dropped. {@link #toString} is for people: no user, password or query.
 *
 * @param userInfo as written, percent-encoded; never part of a message
 * @param host in lower case, ASCII, an IPv6 address without brackets
 * @param target path and query, beginning with a slash
 */
record OriginUrl(String scheme, Optional<String> userInfo, String host, int port, String target) {
  static final Set<String> SCHEMES = Set.of("http", "https");
  private static final int MAX_LENGTH = 16 * 1024;
  private static final int MAX_SHOWN = 300;
  private static final String HEX = "0123456789ABCDEF";

  /** What may stand unchanged in a path or query beside letters and digits. */
  private static final String UNCHANGED = "-._~!$&'()*+,;=:@/?[]";

  /**
   * The scheme as written.
   *
   * @throws OriginException BAD_URL if there is none
   */
  static String scheme(String url) throws OriginException {
    String text = url.strip();
    int colon = text.indexOf(':');
    boolean proper =
        colon > 0
            && isLetter(text.charAt(0))
            && text.substring(0, colon).chars().allMatch(OriginUrl::isSchemeCharacter);
    if (!proper) {
      throw bad(text, "it has no scheme; write it as https://host/path");
    }
    return text.substring(0, colon);
  }

  /**
   * @throws OriginException BAD_URL, UNSUPPORTED_SCHEME
   */
  static OriginUrl parse(String url) throws OriginException {
    String text = url.strip();
    if (text.length() > MAX_LENGTH) {
      throw bad(
          text,
          "it has " + text.length() + " characters, more than the " + MAX_LENGTH + " allowed");
    }
    if (text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
      throw bad(text, "it holds a control character");
    }
    String scheme = scheme(text).toLowerCase(Locale.ROOT);
    if (!SCHEMES.contains(scheme)) {
      throw unsupported(scheme, SCHEMES);
    }
    int begin = scheme.length() + 3;
    if (!text.startsWith("://", scheme.length())) {
      throw bad(text, "two slashes must follow the scheme; write it as https://host/path");
    }
    int end = endOfAuthority(text, begin);
    String authority = text.substring(begin, end);
    int at = authority.lastIndexOf('@');
    Optional<String> userInfo = at < 0 ? Optional.empty() : Optional.of(authority.substring(0, at));
    String hostAndPort = authority.substring(at + 1);
    int portColon = hostAndPort.lastIndexOf(':');
    if (portColon >= 0 && hostAndPort.indexOf(']', portColon) >= 0) {
      portColon = -1;
    }
    String host = portColon < 0 ? hostAndPort : hostAndPort.substring(0, portColon);
    int port =
        portColon < 0 || portColon == hostAndPort.length() - 1
            ? defaultPort(scheme)
            : port(text, hostAndPort.substring(portColon + 1));
    return new OriginUrl(scheme, userInfo, host(text, host), port, target(text.substring(end)));
  }

  /**
   * The URL that a {@code Location} header of this URL's answer means (RFC 3986, 5.2).
   *
   * @throws OriginException BAD_URL, UNSUPPORTED_SCHEME
   */
  OriginUrl resolve(String location) throws OriginException {
    String text = location.strip();
    if (isAbsolute(text)) {
      return parse(text);
    }
    if (text.startsWith("//")) {
      return parse(scheme + ":" + text);
    }
    String reference = text;
    int hash = reference.indexOf('#');
    if (hash >= 0) {
      reference = reference.substring(0, hash);
    }
    String path = path();
    if (reference.isEmpty()) {
      return this;
    }
    if (reference.startsWith("?")) {
      return withTarget(path + reference);
    }
    int question = reference.indexOf('?');
    String query = question < 0 ? "" : reference.substring(question);
    String referencePath = question < 0 ? reference : reference.substring(0, question);
    String merged =
        referencePath.startsWith("/")
            ? referencePath
            : path.substring(0, path.lastIndexOf('/') + 1) + referencePath;
    return withTarget(withoutDots(merged) + query);
  }

  static boolean isAbsolute(String location) {
    int colon = location.indexOf(':');
    return colon > 0
        && isLetter(location.charAt(0))
        && location.substring(0, colon).chars().allMatch(OriginUrl::isSchemeCharacter);
  }

  /** Whether credentials meant for one may be sent to the other. */
  boolean sameOrigin(OriginUrl other) {
    return scheme.equals(other.scheme) && host.equals(other.host) && port == other.port;
  }

  boolean isTls() {
    return scheme.equals("https");
  }

  /** Everything that is sent or decides where to; holds secrets, so never for a message. */
  String identity() {
    return scheme + "://" + userInfo.map(u -> u + "@").orElse("") + authority() + target;
  }

  /** The value of {@code Authorization} that user and password in the URL stand for. */
  Optional<String> basicAuthorization() {
    return userInfo
        .filter(info -> !info.isEmpty())
        .map(info -> {
          int colon = info.indexOf(':');
          String user = decoded(colon < 0 ? info : info.substring(0, colon));
          String password = colon < 0 ? "" : decoded(info.substring(colon + 1));
          byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
          return "Basic " + java.util.Base64.getEncoder().encodeToString(pair);
        });
  }

  /** Host and, unless it is the scheme's own, port. */
  String authority() {
    String shownHost = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return port == defaultPort(scheme) ? shownHost : shownHost + ":" + port;
  }

  /** For messages and logs: scheme, host, port and path. */
  @Override
  public String toString() {
    String path = path();
    String text = scheme + "://" + authority() + path + (path.equals(target) ? "" : "?...");
    return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "...";
  }

  /** The given text as far as it may be shown, even if it is no URL. */
  static String redacted(String url) {
    String text = url.strip();
    int end = indexOfAny(text, "?#", 0);
    boolean cut = end < text.length();
    text = text.substring(0, end);
    int at = text.lastIndexOf('@');
    if (at >= 0) {
      int slashes = text.indexOf("//");
      text =
          (slashes >= 0 && slashes < at ? text.substring(0, slashes + 2) : "")
              + text.substring(at + 1);
    }
    StringBuilder shown = new StringBuilder();
    text.chars()
        .limit(MAX_SHOWN)
        .forEach(c -> shown.append(c < 0x20 || c == 0x7f ? '?' : (char) c));
    return shown + (text.length() > MAX_SHOWN ? "..." : "") + (cut ? "?..." : "");
  }

  static OriginException unsupported(String scheme, Collection<String> supported) {
    String list = String.join(", ", supported.stream().sorted().toList());
    String shown = scheme.length() > 40 ? scheme.substring(0, 40) + "..." : scheme;
    return new OriginException(
        Kind.UNSUPPORTED_SCHEME,
        "Cannot read URLs that begin with "
            + shown
            + ": there is no source for this scheme."
            + " Supported are "
            + list
            + ".",
        null);
  }

  private String path() {
    int question = target.indexOf('?');
    return question < 0 ? target : target.substring(0, question);
  }

  private OriginUrl withTarget(String text) {
    return new OriginUrl(scheme, userInfo, host, port, target(text));
  }

  private static String target(String pathAndQuery) {
    int hash = pathAndQuery.indexOf('#');
    String text = hash < 0 ? pathAndQuery : pathAndQuery.substring(0, hash);
    String encoded = encoded(text);
    return encoded.startsWith("/") ? encoded : "/" + encoded;
  }

  private static String encoded(String text) {
    StringBuilder result = new StringBuilder(text.length() + 16);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      int c = bytes[i] & 0xff;
      boolean escape =
          c == '%' && i + 2 < bytes.length && isHex(bytes[i + 1]) && isHex(bytes[i + 2]);
      if (escape || isLetter(c) || (c >= '0' && c <= '9') || UNCHANGED.indexOf(c) >= 0) {
        result.append((char) c);
      } else {
        result.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
      }
    }
    return result.toString();
  }

  private static String withoutDots(String path) {
    Deque<String> kept = new ArrayDeque<>();
    String[] segments = path.split("/", -1);
    for (int i = 1; i < segments.length; i++) {
      boolean last = i == segments.length - 1;
      switch (segments[i]) {
        case "." -> {
          if (last) {
            kept.addLast("");
          }
        }
        case ".." -> {
          kept.pollLast();
          if (last) {
            kept.addLast("");
          }
        }
        default -> kept.addLast(segments[i]);
      }
    }
    StringBuilder result = new StringBuilder();
    for (Iterator<String> i = kept.iterator(); i.hasNext(); ) {
      result.append('/').append(i.next());
    }
    return result.isEmpty() ? "/" : result.toString();
  }

  private static String host(String url, String text) throws OriginException {
    if (text.isEmpty()) {
      throw bad(url, "it has no host");
    }
    String ascii;
    try {
      ascii = UrlHost.special(text);
    } catch (IllegalArgumentException e) {
      throw bad(url, String.valueOf(e.getMessage()));
    }
    if (ascii.startsWith("[")) {
      return ascii.substring(1, ascii.length() - 1);
    }
    boolean proper =
        ascii.length() <= 255
            && ascii
                .chars()
                .allMatch(
                    c -> isLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_');
    if (!proper) {
      throw bad(url, "its host is not a host name");
    }
    return ascii;
  }

  private static int port(String url, String text) throws OriginException {
    long port = text.length() > 5 ? -1 : ContentRange.number(text).orElse(-1);
    if (port < 1 || port > 65_535) {
      throw bad(url, "its port must be a number from 1 to 65535");
    }
    return (int) port;
  }

  private static OriginException bad(String url, String why) {
    return new OriginException(
        Kind.BAD_URL, "The URL " + redacted(url) + " cannot be used: " + why + ".", null);
  }

  private static int endOfAuthority(String text, int from) {
    return indexOfAny(text, "/?#\\", from);
  }

  private static int indexOfAny(String text, String characters, int from) {
    for (int i = from; i < text.length(); i++) {
      if (characters.indexOf(text.charAt(i)) >= 0) {
        return i;
      }
    }
    return text.length();
  }

  private static int defaultPort(String scheme) {
    return scheme.equals("https") ? 443 : 80;
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return text;
    }
  }

  private static boolean isSchemeCharacter(int c) {
    return isLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  }

  private static boolean isLetter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private static boolean isHex(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }
}
