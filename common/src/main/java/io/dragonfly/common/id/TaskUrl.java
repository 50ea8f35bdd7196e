package io.dragonfly.common.id;

import io.dragonfly.common.url.PercentCoding;
import io.dragonfly.common.url.UrlHost;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Parses a URL as the URL standard (https://url.spec.whatwg.org) does and writes it in normalised
 * form:
 *
 * <pre>
 * url        scheme ":" [ "//" [ user [ ":" password ] "@" ] host [ ":" port ] ] path [ "?" query ] [ "#" fragment ]
 * special    http, https, ftp, ws, wss, file: always with a host; "\" counts as "/"; a missing path is "/"
 * other      the host keeps its case; without "//" there is no host, and without any "/" the path is opaque
 * </pre>
 *
 * There is no base URL, and drive letters in file URLs get no special treatment.
 */
final class TaskUrl {
  private final String scheme;
  private final boolean special;
  private String authority = "";
  private String path = "";
  private final String query;
  private final String fragment;

  private TaskUrl(String url) {
    String text = withoutTabsAndNewlines(trimmed(url));
    int colon = schemeEnd(text);
    this.scheme = text.substring(0, colon).toLowerCase(Locale.ROOT);
    this.special =
        switch (scheme) {
          case "http", "https", "ftp", "ws", "wss", "file" -> true;
          default -> false;
        };
    int hash = text.indexOf('#', colon);
    this.fragment =
        hash < 0
            ? ""
            : "#" + PercentCoding.encode(text.substring(hash + 1), PercentCoding.FRAGMENT);
    String beforeFragment = hash < 0 ? text : text.substring(0, hash);
    int mark = beforeFragment.indexOf('?', colon);
    this.query = mark < 0 ? "" : beforeFragment.substring(mark + 1);
    String hierarchy =
        beforeFragment.substring(colon + 1, mark < 0 ? beforeFragment.length() : mark);
    if (scheme.equals("file")) {
      readFile(hierarchy.replace('\\', '/'));
    } else if (special) {
      readSpecial(hierarchy.replace('\\', '/'));
    } else {
      readOther(hierarchy);
    }
  }

  /**
   * The normalised URL without the query parameters of these names. Throws {@link
   * IllegalArgumentException} that says what is wrong and shows nothing of the URL, which may hold
   * secrets.
   */
  static String normalize(String url, Set<String> filtered) {
    try {
      return new TaskUrl(url).write(filtered);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the URL is not valid: " + e.getMessage(), e);
    }
  }

  private String write(Set<String> filtered) {
    String text = scheme + ":" + authority + path + filteredQuery(filtered) + fragment;
    int end = text.length();
    while (path.equals("/") && text.charAt(end - 1) == '/') {
      end--;
    }
    return text.substring(0, end);
  }

  private String filteredQuery(Set<String> filtered) {
    StringBuilder kept = new StringBuilder();
    for (int start = 0; start < query.length(); ) {
      int ampersand = query.indexOf('&', start);
      int end = ampersand < 0 ? query.length() : ampersand;
      if (end > start) {
        appendUnlessFiltered(query.substring(start, end).replace('+', ' '), filtered, kept);
      }
      start = end + 1;
    }
    return kept.toString();
  }

  private static void appendUnlessFiltered(String pair, Set<String> filtered, StringBuilder kept) {
    int equals = pair.indexOf('=');
    String name = PercentCoding.decode(equals < 0 ? pair : pair.substring(0, equals));
    if (!filtered.contains(name)) {
      kept.append(kept.isEmpty() ? '?' : '&');
      PercentCoding.encodeForm(name, kept);
      kept.append('=');
      PercentCoding.encodeForm(
          equals < 0 ? "" : PercentCoding.decode(pair.substring(equals + 1)), kept);
    }
  }

  private void readSpecial(String hierarchy) {
    int start = 0;
    while (start < hierarchy.length() && hierarchy.charAt(start) == '/') {
      start++;
    }
    int slash = hierarchy.indexOf('/', start);
    int end = slash < 0 ? hierarchy.length() : slash;
    readAuthority(hierarchy.substring(start, end));
    path = normalizedPath(hierarchy.substring(end));
  }

  private void readOther(String hierarchy) {
    if (hierarchy.startsWith("//")) {
      int slash = hierarchy.indexOf('/', 2);
      int end = slash < 0 ? hierarchy.length() : slash;
      readAuthority(hierarchy.substring(2, end));
      path = slash < 0 ? "" : normalizedPath(hierarchy.substring(end));
    } else if (hierarchy.startsWith("/")) {
      path = normalizedPath(hierarchy);
      // Else the path's second slash would make its beginning a host.
      path = path.startsWith("//") ? "/." + path : path;
    } else {
      path = PercentCoding.encode(hierarchy, PercentCoding.CONTROLS);
    }
  }

  private void readFile(String hierarchy) {
    String rest = hierarchy;
    authority = "//";
    if (hierarchy.startsWith("//")) {
      int slash = hierarchy.indexOf('/', 2);
      int end = slash < 0 ? hierarchy.length() : slash;
      String host = end == 2 ? "" : UrlHost.special(hierarchy.substring(2, end));
      authority += host.equals("localhost") ? "" : host;
      rest = hierarchy.substring(end);
    }
    path = normalizedPath(rest).replaceFirst("^/+", "/");
  }

  private void readAuthority(String text) {
    int at = text.lastIndexOf('@');
    String userinfo = at < 0 ? "" : userinfo(text.substring(0, at));
    String hostAndPort = text.substring(at + 1);
    int colon = hostAndPort.indexOf(':', Math.max(0, hostAndPort.lastIndexOf(']')));
    String host = colon < 0 ? hostAndPort : hostAndPort.substring(0, colon);
    if (host.isEmpty() && (special || colon >= 0 || !userinfo.isEmpty())) {
      throw new IllegalArgumentException("its host is empty");
    }
    String writtenHost = special ? UrlHost.special(host) : UrlHost.opaque(host);
    authority =
        "//" + userinfo + writtenHost + (colon < 0 ? "" : port(hostAndPort.substring(colon + 1)));
  }

  private static String userinfo(String text) {
    int colon = text.indexOf(':');
    String user =
        PercentCoding.encode(colon < 0 ? text : text.substring(0, colon), PercentCoding.USERINFO);
    String password =
        colon < 0 ? "" : PercentCoding.encode(text.substring(colon + 1), PercentCoding.USERINFO);
    String both = password.isEmpty() ? user : user + ":" + password;
    return both.isEmpty() ? "" : both + "@";
  }

  private String port(String text) {
    int port = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      port = c >= '0' && c <= '9' ? port * 10 + (c - '0') : 65536;
      if (port > 65535) {
        throw new IllegalArgumentException("its port is not a number from 0 to 65535");
      }
    }
    int defaultPort =
        switch (scheme) {
          case "http", "ws" -> 80;
          case "https", "wss" -> 443;
          case "ftp" -> 21;
          default -> -1;
        };
    return text.isEmpty() || port == defaultPort ? "" : ":" + port;
  }

  /** Removes dot segments. The text is empty or begins with a slash; the result begins with one. */
  private static String normalizedPath(String text) {
    List<String> segments = new ArrayList<>();
    int start = text.startsWith("/") ? 1 : 0;
    while (true) {
      int slash = text.indexOf('/', start);
      String segment =
          PercentCoding.encode(
              text.substring(start, slash < 0 ? text.length() : slash), PercentCoding.PATH);
      String dots =
          segment.length() <= 6 ? segment.toLowerCase(Locale.ROOT).replace("%2e", ".") : segment;
      if (!dots.equals(".") && !dots.equals("..")) {
        segments.add(segment);
      } else {
        if (dots.equals("..") && !segments.isEmpty()) {
          segments.removeLast();
        }
        if (slash < 0) {
          segments.add("");
        }
      }
      if (slash < 0) {
        return "/" + String.join("/", segments);
      }
      start = slash + 1;
    }
  }

  private static int schemeEnd(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (c == ':' && i > 0) {
        return i;
      }
      if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))) {
        break;
      }
    }
    throw new IllegalArgumentException("it has no scheme; write it as https://host/path");
  }

  private static String trimmed(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && text.charAt(start) <= ' ') {
      start++;
    }
    while (end > start && text.charAt(end - 1) <= ' ') {
      end--;
    }
    return text.substring(start, end);
  }

  private static String withoutTabsAndNewlines(String text) {
    return text.replace("\t", "").replace("\n", "").replace("\r", "");
  }
}
