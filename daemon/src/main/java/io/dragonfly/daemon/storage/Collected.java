package io.dragonfly.daemon.storage;

import java.util.List;

/**
 * What a collection removed.
 *
 * @param expired tasks whose time was over
 * @param evicted tasks that made room, least recently used first
 * @param freedBytes bytes of both that the file system gets back
 */
public record Collected(List<TaskKey> expired, List<TaskKey> evicted, long freedBytes) {
  public Collected {
    expired = List.copyOf(expired);
    evicted = List.copyOf(evicted);
  }
}
