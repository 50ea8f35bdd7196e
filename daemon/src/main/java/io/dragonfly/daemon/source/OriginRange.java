package io.dragonfly.daemon.source;

import java.util.OptionalLong;

/** Which bytes of the content are asked for. */
public sealed interface OriginRange {
  /** Everything, without asking for a range. */
  record Whole() implements OriginRange {}

  /** From {@code start} to the end, wherever that is. */
  record From(long start) implements OriginRange {
    public From {
      checkStart(start);
    }
  }

  /** From {@code start} to before {@code endExclusive}, or to the end if that comes first. */
  record Between(long start, long endExclusive) implements OriginRange {
    public Between {
      checkStart(start);
      if (endExclusive <= start) {
        throw new IllegalArgumentException(
            "range [" + start + ", " + endExclusive + ") is empty: it must hold a byte");
      }
    }
  }

  static OriginRange whole() {
    return new Whole();
  }

  static OriginRange from(long start) {
    return new From(start);
  }

  static OriginRange between(long start, long endExclusive) {
    return new Between(start, endExclusive);
  }

  /** The first byte asked for. */
  default long first() {
    return switch (this) {
      case Whole() -> 0;
      case From(long start) -> start;
      case Between(long start, long _) -> start;
    };
  }

  /** The byte after the last one asked for; empty if everything up to the end is wanted. */
  default OptionalLong end() {
    return switch (this) {
      case Whole() -> OptionalLong.empty();
      case From(long _) -> OptionalLong.empty();
      case Between(long _, long endExclusive) -> OptionalLong.of(endExclusive);
    };
  }

  /** Whether a range is asked for at all. */
  default boolean isPart() {
    return switch (this) {
      case Whole() -> false;
      case From(long _) -> true;
      case Between(long _, long _) -> true;
    };
  }

  /**
   * As the value of the {@code Range} header, for a part: {@code bytes=0-99} or {@code bytes=7-}.
   */
  default String toHttp() {
    return switch (this) {
      case Whole() -> throw new IllegalStateException("the whole content has no Range header");
      case From(long start) -> "bytes=" + start + "-";
      case Between(long start, long endExclusive) -> "bytes=" + start + "-" + (endExclusive - 1);
    };
  }

  private static void checkStart(long start) {
    if (start < 0) {
      throw new IllegalArgumentException("range starts at " + start + ": it must not be negative");
    }
  }
}
