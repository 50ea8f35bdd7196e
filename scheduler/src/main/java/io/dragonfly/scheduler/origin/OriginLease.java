package io.dragonfly.scheduler.origin;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import java.util.OptionalLong;

/**
 * The right to read the origin of one task. At most one peer has it.
 *
 * <pre>
 * Free      -- trigger(seed) --> Triggered   a seed was asked to download; nobody reads yet
 * Free      -- grant(peer)   --> Held
 * Triggered -- grant(peer)   --> Held        the seed has registered
 * Triggered, Held -- release --> Free        finished, failed, lost, or no progress by the deadline
 * </pre>
 *
 * A deadline that passes is only a fact ({@link #isOverdue}); the caller decides whether somebody
 * else can do better. Each time the lease moves on without a piece the patience doubles, up to
 * eight times, so that a slow origin is read at last.
 */
public final class OriginLease {
  private static final int MAX_DOUBLINGS = 3;

  /**
   * How long a leaseholder may be silent.
   *
   * @param triggerMillis until a triggered seed of ours registers
   * @param foreignTriggerMillis the same for a seed that looks at the origin before it registers
   * @param answerMillis until a leaseholder of ours says that it heard of it; this one does not
   *     double: who does not answer has gone, though its stream may still look whole
   * @param firstMillis from then on until its first progress
   * @param progressMillis between two signs of progress of ours
   * @param foreignMillis for a peer that reports whole pieces only, on top of the time for a piece
   * @param slowestBytesPerSecond the speed at which such a piece has to come
   */
  public record Rules(
      long triggerMillis,
      long foreignTriggerMillis,
      long answerMillis,
      long firstMillis,
      long progressMillis,
      long foreignMillis,
      long slowestBytesPerSecond) {
    /** 5 s, 10 s, 5 s, 20 s, 10 s, 30 s, 256 KiB/s. */
    public static Rules defaults() {
      return new Rules(5_000, 10_000, 5_000, 20_000, 10_000, 30_000, 256 * 1024);
    }
  }

  /** Who has it. */
  public sealed interface State {
    record Free() implements State {}

    record Triggered(HostId seed, long trigger) implements State {}

    record Held(PeerId peer, OptionalLong trigger) implements State {}
  }

  private static final State FREE = new State.Free();

  private final Rules rules;
  private State state = FREE;
  private long deadline = Long.MAX_VALUE;
  private long betweenSigns;
  private long bytes = -1;
  private int turnovers;

  public OriginLease(Rules rules) {
    this.rules = rules;
  }

  public State state() {
    return state;
  }

  public boolean isFree() {
    return state instanceof State.Free;
  }

  public boolean isHeldBy(PeerId peer) {
    return state instanceof State.Held held && held.peer().equals(peer);
  }

  public boolean isTriggered(HostId seed) {
    return state instanceof State.Triggered triggered && triggered.seed().equals(seed);
  }

  /** The running call to a seed, whether or not the seed has registered. */
  public OptionalLong trigger() {
    return switch (state) {
      case State.Free _ -> OptionalLong.empty();
      case State.Triggered triggered -> OptionalLong.of(triggered.trigger());
      case State.Held held -> held.trigger();
    };
  }

  /** Free → Triggered. */
  public void trigger(HostId seed, long trigger, boolean extension, long now) {
    if (!isFree()) {
      throw new IllegalStateException("the lease is taken: " + state);
    }
    state = new State.Triggered(seed, trigger);
    betweenSigns = patience(extension ? rules.triggerMillis : rules.foreignTriggerMillis);
    deadline = now + betweenSigns;
  }

  /** Free or Triggered → Held. A running trigger stays with the lease. */
  public void grant(PeerId peer, boolean extension, long pieceLength, long now) {
    if (state instanceof State.Held) {
      throw new IllegalStateException("the lease is taken: " + state);
    }
    state = new State.Held(peer, trigger());
    bytes = -1;
    if (extension) {
      betweenSigns = patience(rules.progressMillis);
      deadline = now + rules.answerMillis;
      return;
    }
    betweenSigns = patience(rules.foreignMillis + pieceLength * 1000 / rules.slowestBytesPerSecond);
    deadline = now + betweenSigns;
  }

  /** The leaseholder finished a piece. */
  public void pieceRead(PeerId peer, long now) {
    if (isHeldBy(peer)) {
      turnovers = 0;
      deadline = now + betweenSigns;
    }
  }

  /**
   * The leaseholder has read this many bytes from the origin; none says that it is about to. An
   * unchanged number is no progress.
   */
  public void bytesRead(PeerId peer, long total, long now) {
    if (isHeldBy(peer) && total > bytes) {
      bytes = total;
      deadline = now + (total == 0 ? patience(rules.firstMillis) : betweenSigns);
    }
  }

  /** How much the leaseholder said that it has read; -1 when it has said nothing yet. */
  public long bytesRead() {
    return bytes;
  }

  public boolean isOverdue(long now) {
    return now >= deadline;
  }

  /** When to look again; Long.MAX_VALUE when free. */
  public long deadline() {
    return deadline;
  }

  /** Nobody else can do better: the holder goes on for another period. */
  public void extend(long now) {
    if (!isFree()) {
      deadline = now + betweenSigns;
    }
  }

  /** Any → Free. {@code turnover}: it moves on because it was not used. */
  public void release(boolean turnover) {
    state = FREE;
    deadline = Long.MAX_VALUE;
    if (turnover) {
      turnovers = Math.min(turnovers + 1, MAX_DOUBLINGS);
    }
  }

  private long patience(long millis) {
    return millis << turnovers;
  }
}
