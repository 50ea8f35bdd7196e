package io.dragonfly.scheduler.placement;

import io.dragonfly.common.id.HostId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Hosts that nobody is sent to for a while, over all tasks.
 *
 * <ul>
 *   <li>Wrong bytes: quarantined when two different hosts report them within {@link
 *       Rules#memoryMillis}, or at once when the report rests on a root. The time doubles with each
 *       quarantine of the same host.
 *   <li>Stalled or unreachable: quarantined for a short time when {@link
 *       Rules#unreachableReporters} different hosts say so within a minute.
 * </ul>
 *
 * Guarded by its own monitor; nothing else is locked while it is held.
 */
public final class Quarantine {
  private static final int MAX_REPORTERS = 16;
  private static final int MAX_HOSTS = 100_000;
  private static final long UNREACHABLE_WINDOW_MILLIS = 60_000;

  /**
   * What leads to a quarantine, and for how long.
   *
   * @param corruptMillis the first quarantine for wrong bytes
   * @param maxMillis what doubling ends at
   * @param memoryMillis how long a report and an earlier quarantine count
   * @param unreachableMillis the quarantine for not answering
   */
  public record Rules(
      long corruptMillis,
      long maxMillis,
      long memoryMillis,
      long unreachableMillis,
      int unreachableReporters) {
    /**
     * 10 minutes doubling up to 6 hours, remembered for 12; 30 seconds when 3 hosts get no answer.
     */
    public static Rules defaults() {
      return new Rules(600_000, 6 * 3_600_000L, 12 * 3_600_000L, 30_000, 3);
    }
  }

  private static final class Suspect {
    final Map<HostId, Long> corrupt = new LinkedHashMap<>();
    final Map<HostId, Long> unreachable = new LinkedHashMap<>();
    int times;
    long until;
    long touched;
  }

  private final Rules rules;
  private final Map<HostId, Suspect> suspects = new HashMap<>();

  public Quarantine(Rules rules) {
    this.rules = rules;
  }

  /**
   * A host served wrong bytes.
   *
   * @param proven the reporter compared with a root
   * @return until when the host is quarantined, if this report began a quarantine
   */
  public synchronized OptionalLong corrupt(HostId host, HostId reporter, boolean proven, long now) {
    Suspect suspect = suspect(host, now);
    note(suspect.corrupt, reporter, now, rules.memoryMillis);
    if (suspect.until > now || (!proven && suspect.corrupt.size() < 2)) {
      return OptionalLong.empty();
    }
    suspect.corrupt.clear();
    int doublings = Math.min(suspect.times, 16);
    suspect.times++;
    suspect.until = now + Math.min(rules.corruptMillis << doublings, rules.maxMillis);
    return OptionalLong.of(suspect.until);
  }

  /** A host did not answer or stalled; the result is as for {@link #corrupt}. */
  public synchronized OptionalLong unreachable(HostId host, HostId reporter, long now) {
    Suspect suspect = suspect(host, now);
    note(suspect.unreachable, reporter, now, UNREACHABLE_WINDOW_MILLIS);
    if (suspect.until > now || suspect.unreachable.size() < rules.unreachableReporters) {
      return OptionalLong.empty();
    }
    suspect.unreachable.clear();
    suspect.until = now + rules.unreachableMillis;
    return OptionalLong.of(suspect.until);
  }

  public synchronized boolean contains(HostId host, long now) {
    Suspect suspect = suspects.get(host);
    return suspect != null && suspect.until > now;
  }

  /** The host announced itself again: that it did not answer is forgotten, wrong bytes are not. */
  public synchronized void answered(HostId host) {
    Suspect suspect = suspects.get(host);
    if (suspect != null) {
      suspect.unreachable.clear();
    }
  }

  /** The hosts whose quarantine has ended since the last call, in the order of their ids. */
  public synchronized List<HostId> expire(long now) {
    Map<HostId, Suspect> sorted = new TreeMap<>(Comparator.comparing(HostId::value));
    suspects.forEach((host, suspect) -> {
      if (suspect.until != 0 && suspect.until <= now) {
        sorted.put(host, suspect);
      }
    });
    sorted.values().forEach(suspect -> suspect.until = 0);
    suspects
        .values()
        .removeIf(suspect -> suspect.until == 0 && now - suspect.touched > rules.memoryMillis);
    return new ArrayList<>(sorted.keySet());
  }

  private Suspect suspect(HostId host, long now) {
    if (suspects.size() >= MAX_HOSTS && !suspects.containsKey(host)) {
      suspects.values().removeIf(suspect -> suspect.until <= now);
    }
    Suspect suspect = suspects.computeIfAbsent(host, key -> new Suspect());
    suspect.touched = now;
    return suspect;
  }

  private static void note(Map<HostId, Long> reports, HostId reporter, long now, long window) {
    reports.values().removeIf(at -> now - at > window);
    if (reports.size() < MAX_REPORTERS) {
      reports.put(reporter, now);
    }
  }
}
