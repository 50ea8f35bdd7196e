package io.dragonfly.common.id;

import java.util.Set;

final class TaskUrl {
  private TaskUrl() {}

  static String normalize(String url, Set<String> filtered) {
    if (url.isEmpty()) {
      throw new IllegalArgumentException("no URL");
    }
    throw new UnsupportedOperationException(url + filtered);
  }
}
