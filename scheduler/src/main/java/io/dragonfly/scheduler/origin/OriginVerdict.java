package io.dragonfly.scheduler.origin;

import io.dragonfly.common.id.HostId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the hosts that tried found out about an origin that can't be read for now, so that neither
 * it is asked by all nor anybody waits for all to ask.
 *
 * <p>A failure to reach it may be the fault of the host that tried, so it takes {@value
 * #SILENT_HOSTS} hosts to say so; an answer such as 503 came from the origin itself, and {@value
 * #ANSWERED_HOSTS} hosts suffice, since each has repeated its request. Their verdict stands for
 * {@value #STANDING_MILLIS} ms; then one may try again, whose failure renews it at once and whose
 * first piece lifts it.
 */
public final class OriginVerdict {
  static final int SILENT_HOSTS = 3;
  static final int ANSWERED_HOSTS = 2;
  static final long STANDING_MILLIS = 5_000;

  /** What a host found out counts for so long. */
  static final long MEMORY_MILLIS = 180_000;

  /** More hosts than these are not remembered: the verdict is spoken by then. */
  private static final int MOST_HOSTS = 16;

  private record Finding(long at, boolean answered) {}

  private final Map<HostId, Finding> findings = new LinkedHashMap<>();
  private @Nullable OriginFailure failure;
  private long standsUntil = Long.MIN_VALUE;

  /** A host tried in vain; a failure of it that says nothing of the origin does not count. */
  public void failed(HostId host, OriginFailure why, long now) {
    if (!why.tried() || why.isPermanent()) {
      return;
    }
    forgetOld(now);
    if (findings.size() < MOST_HOSTS || findings.containsKey(host)) {
      findings.put(host, new Finding(now, why.status().isPresent()));
    }
    failure = why;
    long answers = findings.values().stream().filter(Finding::answered).count();
    if (answers >= ANSWERED_HOSTS || findings.size() >= SILENT_HOSTS) {
      standsUntil = now + STANDING_MILLIS;
    }
  }

  /** It was read: whatever was found before is void. */
  public void read() {
    findings.clear();
    failure = null;
    standsUntil = Long.MIN_VALUE;
  }

  /** Why nobody need try now; empty when somebody may. */
  public Optional<OriginFailure> standing(long now) {
    return now < standsUntil ? Optional.ofNullable(failure) : Optional.empty();
  }

  private void forgetOld(long now) {
    findings.values().removeIf(finding -> finding.at + MEMORY_MILLIS <= now);
  }
}
