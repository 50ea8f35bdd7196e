package io.dragonfly.daemon.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where registries have sent their clients for tokens: the realms of the challenges {@code
 * WWW-Authenticate: Bearer realm="..."} that passed through the proxy, the last {@value #MOST} of
 * them. Safe for many threads.
 */
final class Challenges {
  private static final int MOST = 256;
  private static final int LONGEST = 2048;

  private static final Pattern REALM =
      Pattern.compile("\\bBearer\\s[^\\n]*?\\brealm=\"([^\"]+)\"", Pattern.CASE_INSENSITIVE);

  @GuardedBy("this")
  private final Map<String, Boolean> realms =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > MOST;
        }
      };

  /** An origin refused a request and said this. */
  void saw(List<String> challenges) {
    for (String challenge : challenges) {
      if (challenge.length() <= LONGEST) {
        Matcher realm = REALM.matcher(challenge);
        if (realm.find() && realm.group(1).toLowerCase(Locale.ROOT).startsWith("http")) {
          remember(endpoint(realm.group(1)));
        }
      }
    }
  }

  private synchronized void remember(String endpoint) {
    realms.put(endpoint, true);
  }

  /** Whether clients were sent to a URL. */
  synchronized boolean lead(String url) {
    return !realms.isEmpty() && realms.get(endpoint(url)) != null;
  }

  /** A URL without its query; scheme and host in lower case, without the usual port. */
  private static String endpoint(String url) {
    int end = 0;
    while (end < url.length() && "?#".indexOf(url.charAt(end)) < 0) {
      end++;
    }
    int slashes = url.indexOf("://");
    int path = slashes < 0 ? -1 : url.indexOf('/', slashes + 3);
    path = path < 0 || path > end ? end : path;
    String origin = url.substring(0, path).toLowerCase(Locale.ROOT);
    String usual = origin.startsWith("https:") ? ":443" : ":80";
    return (origin.endsWith(usual) ? origin.substring(0, origin.length() - usual.length()) : origin)
        + url.substring(path, end);
  }
}
