package io.dragonfly.daemon.rpc;

import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import java.util.List;

/**
 * Translates one peer's conversation with one scheduler. Reports and the scheduler's messages go
 * in; what to send and what to order comes out. No threads, sockets or clocks: the link that owns a
 * dialogue calls it under its lock.
 *
 * @param <Q> what is sent
 * @param <A> what is received
 */
interface SwarmDialogue<Q, A> {
  Outcome<Q> report(PeerReport report);

  /**
   * Takes what the scheduler said.
   *
   * @throws IllegalArgumentException if it makes no sense
   */
  Outcome<Q> answer(A answer);

  /** Whether the scheduler owes an answer. */
  boolean isWaiting();

  /** Whether the last word was reported but can't be said before the next answer. */
  default boolean isHoldingLast() {
    return false;
  }

  /** Whether the last word was sent: the scheduler ends the call next. */
  boolean isOver();

  /** What follows from one input, in order. */
  record Outcome<Q>(List<Q> messages, List<SwarmOrder> orders) {
    public Outcome {
      messages = List.copyOf(messages);
      orders = List.copyOf(orders);
    }

    static <Q> Outcome<Q> nothing() {
      return new Outcome<>(List.of(), List.of());
    }

    static <Q> Outcome<Q> send(Q message) {
      return new Outcome<>(List.of(message), List.of());
    }

    static <Q> Outcome<Q> order(SwarmOrder order) {
      return new Outcome<>(List.of(), List.of(order));
    }
  }
}
