package io.dragonfly.daemon.proxy;

import io.dragonfly.daemon.proxy.RuleExpression.Part;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which hosts a rule can be about. A rule is found anywhere in a URL, and of a connection that asks
 * for a tunnel only the host is known: so the rule's expression is run over {@code https://host/}
 * and what counts is whether it has matched by then or still could if more text followed. That is
 * exact but for boundaries of words, which count as met, and for what a URL without its query
 * cannot contain. It follows that a rule that is not tied to a host by {@code ^https://host/} can
 * be about every host.
 *
 * <p>All paths through the expression are followed at once, so the time is bounded by the product
 * of its length and the host's. Safe for many threads.
 */
final class RuleReach {
  /** Repeats are written out. */
  private static final int MOST_STATES = 50_000;

  private enum Kind {
    ONE,
    SPLIT,
    BEGIN,
    END,
    MATCHED
  }

  /** Where a match can have got to. */
  private static final class State {
    final Kind kind;
    final BitSet ascii;
    final List<State> next;

    State(Kind kind, BitSet ascii, List<State> next) {
      this.kind = kind;
      this.ascii = ascii;
      this.next = next;
    }
  }

  private final State begin;
  private int states;

  /**
   * @throws IllegalArgumentException when the expression is not understood
   */
  RuleReach(String expression) {
    begin = compiled(RuleExpression.parse(expression), state(Kind.MATCHED));
  }

  private State state(Kind kind, State... next) {
    return state(kind, new BitSet(), new ArrayList<>(List.of(next)));
  }

  private State state(Kind kind, BitSet ascii, List<State> next) {
    if (++states > MOST_STATES) {
      throw new IllegalArgumentException("it repeats too much");
    }
    return new State(kind, ascii, next);
  }

  private State compiled(Part part, State next) {
    return switch (part) {
      case Part.One one -> state(Kind.ONE, one.ascii(), List.of(next));
      case Part.Begin _ -> state(Kind.BEGIN, next);
      case Part.End _ -> state(Kind.END, next);
      case Part.Sequence sequence -> {
        State entry = next;
        for (Part one : sequence.parts().reversed()) {
          entry = compiled(one, entry);
        }
        yield entry;
      }
      case Part.Choice choice -> {
        State split = state(Kind.SPLIT);
        choice.parts().forEach(one -> split.next.add(compiled(one, next)));
        yield split;
      }
      case Part.Repeat repeat -> repeated(repeat, next);
    };
  }

  private State repeated(Part.Repeat repeat, State next) {
    State entry = next;
    if (repeat.most() < 0) {
      State loop = state(Kind.SPLIT, next);
      loop.next.add(compiled(repeat.part(), loop));
      entry = loop;
    }
    for (int i = repeat.least(); i < repeat.most(); i++) {
      entry = state(Kind.SPLIT, next, compiled(repeat.part(), entry));
    }
    for (int i = 0; i < repeat.least(); i++) {
      entry = compiled(repeat.part(), entry);
    }
    return entry;
  }

  /**
   * Whether the expression is found in a text that begins like this.
   *
   * @param prefix in ASCII
   */
  boolean includes(String prefix) {
    Set<State> now = new LinkedHashSet<>();
    if (enter(begin, true, false, now)) {
      return true;
    }
    for (int i = 0; i < prefix.length(); i++) {
      char c = prefix.charAt(i);
      boolean last = i == prefix.length() - 1;
      Set<State> then = new LinkedHashSet<>();
      for (State state : now) {
        if (state.kind == Kind.ONE
            && state.ascii.get(c)
            && enter(state.next.getFirst(), false, last, then)) {
          return true;
        }
      }
      if (enter(begin, false, last, then)) {
        return true;
      }
      now = then;
    }
    return now.stream().anyMatch(state -> state.kind == Kind.ONE);
  }

  /** Adds what can be reached without another character; true when that is a match. */
  private static boolean enter(State entry, boolean first, boolean last, Set<State> into) {
    List<State> open = new ArrayList<>(List.of(entry));
    while (!open.isEmpty()) {
      State state = open.removeLast();
      boolean through =
          switch (state.kind) {
            case SPLIT -> true;
            case BEGIN -> first;
            case END -> last;
            case ONE, MATCHED -> false;
          };
      if (state.kind == Kind.MATCHED) {
        return true;
      }
      if (into.add(state) && through) {
        open.addAll(state.next);
      }
    }
    return false;
  }
}
