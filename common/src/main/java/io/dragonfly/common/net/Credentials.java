package io.dragonfly.common.net;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * What names who asks, in requests and URLs. A header or query parameter counts as a credential if
 * its name says so (Authorization, Cookie, and whatever has token, key, secret and the like in it):
 * the names that every maker chose are not known, and one too many left out harms less than one too
 * few.
 */
public final class Credentials {
  private static final List<String> WORDS =
      List.of(
          "auth",
          "cookie",
          "token",
          "secret",
          "password",
          "credential",
          "session",
          "signature",
          "key",
          "jwt",
          "jfrog");

  private Credentials() {}

  /** Whether a header or query parameter of this name is a credential. */
  public static boolean isNamed(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return WORDS.stream().anyMatch(lower::contains);
  }

  /** Whether a URL has a user or a password in it. */
  public static boolean isInUrl(String url) {
    return userInfoEnd(url) >= 0;
  }

  /**
   * The URL without user and password, and without those of the given query parameters that are
   * credentials. Works on any text, a valid URL or not.
   *
   * @param droppable names of parameters that do not tell contents apart
   */
  public static String takenOutOf(String url, Collection<String> droppable) {
    int at = userInfoEnd(url);
    String clean = at < 0 ? url : url.substring(0, url.indexOf("://") + 3) + url.substring(at + 1);
    int fragment = clean.indexOf('#');
    int end = fragment < 0 ? clean.length() : fragment;
    int query = clean.indexOf('?');
    if (query < 0 || query > end) {
      return clean;
    }
    StringBuilder kept = new StringBuilder(clean.length()).append(clean, 0, query);
    char separator = '?';
    for (String parameter : clean.substring(query + 1, end).split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      if (!(droppable.contains(name) && isNamed(name))) {
        kept.append(separator).append(parameter);
        separator = '&';
      }
    }
    return kept.append(clean, end, clean.length()).toString();
  }

  /** Where the at sign is that ends user and password; -1 if there is none. */
  private static int userInfoEnd(String url) {
    int scheme = url.indexOf("://");
    if (scheme < 0) {
      return -1;
    }
    int end = scheme + 3;
    while (end < url.length() && "/\\?#".indexOf(url.charAt(end)) < 0) {
      end++;
    }
    int at = url.lastIndexOf('@', end - 1);
    return at >= scheme + 3 ? at : -1;
  }
}
