package io.dragonfly.daemon.source;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;

/** What is kept of the headers of an answer: names in lower case, sorted, bounded. */
final class AnswerHeaders {
  private static final int MAX_COUNT = 64;
  private static final int MAX_CHARACTERS = 16 * 1024;

  private static final Set<String> ENTITY =
      Set.of(
          "content-type",
          "content-encoding",
          "content-language",
          "content-disposition",
          "etag",
          "last-modified",
          "x-repo-commit");

  /** Secrets, and what belongs to the connection or to a body that is not kept. */
  private static final Set<String> NOT_PASSED_ON =
      Set.of(
          "set-cookie",
          "set-cookie2",
          "connection",
          "proxy-connection",
          "keep-alive",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "content-length",
          "content-encoding");

  private AnswerHeaders() {}

  /** What describes the content itself. */
  static Map<String, String> entity(HttpMessage answer) {
    return kept(answer, name -> ENTITY.contains(name) || isDigest(name));
  }

  /** What a redirect says about the content it leads to: Hugging Face does. */
  static Map<String, String> carriedOverRedirect(HttpMessage answer) {
    return kept(answer, name -> isDigest(name) || name.equals("x-repo-commit"));
  }

  /** What whoever asked may see of an answer that refuses. */
  static Map<String, String> refusal(HttpMessage answer) {
    return kept(answer, name -> !NOT_PASSED_ON.contains(name));
  }

  private static boolean isDigest(String name) {
    return name.startsWith("docker-") || name.startsWith("x-linked-");
  }

  private static Map<String, String> kept(HttpMessage answer, Predicate<String> wanted) {
    Map<String, String> kept = new TreeMap<>();
    int characters = 0;
    for (Header header : answer.getHeaders()) {
      String name = header.getName().toLowerCase(Locale.ROOT);
      String value = header.getValue();
      if (value == null || !wanted.test(name)) {
        continue;
      }
      int more = name.length() + value.length() + 2;
      if (characters + more > MAX_CHARACTERS
          || (kept.size() == MAX_COUNT && !kept.containsKey(name))) {
        continue;
      }
      characters += more;
      kept.merge(name, value.strip(), (first, second) -> first + ", " + second);
    }
    return kept;
  }
}
