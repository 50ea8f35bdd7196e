package io.dragonfly.common.net;

import io.dragonfly.common.digest.Sha256;
import java.util.Collection;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The place at an origin that decides who may read a content: the repository of what a registry
 * names by its digest, else the URL without what is a credential and what does not tell contents
 * apart. Names of places are hashes: equal for equal places, and they show nothing of a URL.
 */
public final class OriginScope {
  private static final Pattern BY_DIGEST =
      Pattern.compile("(https?://[^?#]+)/(?:blobs|manifests)/sha256:[0-9a-f]{64}(?:[?#].*)?");

  private OriginScope() {}

  /**
   * The name of a URL's place: 64 hexadecimal digits.
   *
   * @param droppable names of query parameters that do not tell contents apart
   */
  public static String of(String url, Collection<String> droppable) {
    String clean = Credentials.takenOutOf(url, droppable);
    String place = repository(clean).orElseGet(() -> without(clean, droppable));
    return Sha256.hex(place);
  }

  /**
   * The same where the origin is asked with credentials, in the URL or in one of the headers; empty
   * otherwise.
   */
  public static String guard(String url, Collection<String> headers, Collection<String> droppable) {
    boolean asked =
        !Credentials.takenOutOf(url, droppable).equals(url)
            || headers.stream().anyMatch(Credentials::isNamed);
    return asked ? of(url, droppable) : "";
  }

  /** The repository of what is named by its digest, as the beginning of its URL. */
  public static Optional<String> repository(String url) {
    Matcher named = BY_DIGEST.matcher(url);
    return named.matches() ? Optional.of(named.group(1)) : Optional.empty();
  }

  private static String without(String url, Collection<String> droppable) {
    int fragment = url.indexOf('#');
    String whole = fragment < 0 ? url : url.substring(0, fragment);
    int query = whole.indexOf('?');
    if (query < 0) {
      return whole;
    }
    StringBuilder kept = new StringBuilder(whole.length()).append(whole, 0, query);
    char separator = '?';
    for (String parameter : whole.substring(query + 1).split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      if (!droppable.contains(name)) {
        kept.append(separator).append(parameter);
        separator = '&';
      }
    }
    return kept.toString();
  }
}
