package io.dragonfly.scheduler.swarm;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps equal lists once: the query parameters that a client ignores are the same twenty words in
 * each of its downloads, and would be most of what a scheduler remembers. Safe for use by many
 * threads.
 */
final class SharedLists {
  /** So many different ones are shared; somebody who makes new ones up shares nothing. */
  static final int MOST = 256;

  private static final int MOST_CHARACTERS = 4096;

  private final Map<List<String>, List<String>> lists = new ConcurrentHashMap<>();

  /** An equal list, if possible one that others have. */
  List<String> shared(List<String> list) {
    List<String> known = lists.get(list);
    if (known != null) {
      return known;
    }
    if (lists.size() >= MOST || list.stream().mapToInt(String::length).sum() > MOST_CHARACTERS) {
      return list;
    }
    List<String> earlier = lists.putIfAbsent(list, list);
    return earlier == null ? list : earlier;
  }
}
