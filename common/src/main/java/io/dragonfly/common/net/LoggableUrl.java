package io.dragonfly.common.net;

/**
 * A URL fit for logs and error messages: without credentials, query and fragment, which may hold
 * secrets, without control characters and not longer than {@value #MAX_LENGTH} characters. Works on
 * any text, a valid URL or not.
 */
public final class LoggableUrl {
  static final int MAX_LENGTH = 256;

  private LoggableUrl() {}

  public static String of(String url) {
    int authority = url.indexOf("://");
    if (authority < 1 || !isScheme(url, authority)) {
      return "(not a URL)";
    }
    authority += 3;
    int path = endOf(url, authority, "/\\?#");
    String host = url.substring(authority, path);
    host = host.substring(host.lastIndexOf('@') + 1);
    if (!endsInPort(host)) {
      // Perhaps the beginning of a password with a slash in it: then the rest is not a path either.
      return url.substring(0, authority) + "...";
    }
    return clean(url.substring(0, authority) + host + url.substring(path, endOf(url, path, "?#")));
  }

  private static boolean isScheme(String url, int end) {
    for (int i = 0; i < end; i++) {
      char c = url.charAt(i);
      if (!Character.isLetterOrDigit(c) && c != '+' && c != '-' && c != '.') {
        return false;
      }
    }
    return end <= 32;
  }

  private static int endOf(String url, int from, String terminators) {
    int end = from;
    while (end < url.length() && terminators.indexOf(url.charAt(end)) < 0) {
      end++;
    }
    return end;
  }

  private static boolean endsInPort(String host) {
    int colon = host.lastIndexOf(':');
    if (colon < 0 || host.endsWith("]")) {
      return true;
    }
    for (int i = colon + 1; i < host.length(); i++) {
      if (host.charAt(i) < '0' || host.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  private static String clean(String text) {
    StringBuilder clean = new StringBuilder(Math.min(text.length(), MAX_LENGTH));
    for (int i = 0; i < text.length(); i++) {
      if (i == MAX_LENGTH - 3 && text.length() > MAX_LENGTH) {
        return clean.append("...").toString();
      }
      char c = text.charAt(i);
      clean.append(Character.isISOControl(c) || c == ' ' ? '?' : c);
    }
    return clean.toString();
  }
}
