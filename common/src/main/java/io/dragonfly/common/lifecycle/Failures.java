package io.dragonfly.common.lifecycle;

import org.jspecify.annotations.Nullable;

/** Several failures as one: the first, with the later ones suppressed in it. */
final class Failures {
  private Failures() {}

  @SuppressWarnings("ReferenceEquality") // A throwable cannot suppress itself.
  static Throwable gather(@Nullable Throwable first, Throwable next) {
    if (first == null) {
      return next;
    }
    if (first != next) {
      first.addSuppressed(next);
    }
    return first;
  }
}
