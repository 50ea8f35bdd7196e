package io.dragonfly.common.limit;

import java.util.List;

/**
 * How fast the bytes of one payer may move: it takes what it is about to move, and is told how long
 * to wait before it moves it. Any thread.
 */
public interface Pace {
  /** As fast as it goes, at no cost. */
  Pace FREE =
      new Pace() {
        @Override
        public long reserve(long bytes) {
          return 0;
        }

        @Override
        public int grain(int most) {
          return most;
        }
      };

  /** Takes the bytes and returns the nanoseconds to wait before going on; 0 means now. */
  long reserve(long bytes);

  /**
   * How many bytes to take at a time, so that nobody waits long and no second holds much more than
   * its rate.
   *
   * @param most what would be taken if nothing was limited, at least 1
   * @return 1 to {@code most}
   */
  int grain(int most);

  /** What obeys all of them. */
  static Pace allOf(List<Pace> paces) {
    List<Pace> all = List.copyOf(paces);
    return switch (all.size()) {
      case 0 -> FREE;
      case 1 -> all.getFirst();
      default ->
          new Pace() {
            @Override
            public long reserve(long bytes) {
              long wait = 0;
              for (Pace pace : all) {
                wait = Math.max(wait, pace.reserve(bytes));
              }
              return wait;
            }

            @Override
            public int grain(int most) {
              int least = most;
              for (Pace pace : all) {
                least = Math.min(least, pace.grain(most));
              }
              return least;
            }
          };
    };
  }
}
