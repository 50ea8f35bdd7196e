package io.dragonfly.common.flag;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** The nearest known word to one that is not known, by edit distance. */
final class Suggestion {
  private Suggestion() {}

  static String option(Flags flags, String name) {
    var known = new TreeSet<String>();
    for (Flag flag : flags.all()) {
      if (!flag.hidden) {
        known.add(flag.name);
      }
    }
    String nearest = nearest(name, known);
    return nearest.isEmpty() ? "" : ", did you mean --" + nearest + "?";
  }

  static String command(Flags flags, String name) {
    var known = new ArrayList<String>();
    for (Flags.Command command : flags.commands) {
      known.add(command.name());
    }
    String nearest = nearest(name, known);
    return nearest.isEmpty()
        ? ": one of " + commandNames(flags)
        : ", did you mean '" + nearest + "'?";
  }

  static String commandNames(Flags flags) {
    List<String> names = new ArrayList<>();
    for (Flags.Command command : flags.commands) {
      names.add(command.name());
    }
    return String.join(", ", names);
  }

  /** Empty if none is near: a third of the letters may differ, and at least one. */
  static String nearest(String word, Iterable<String> known) {
    String nearest = "";
    int smallest = Math.max(1, word.length() / 3) + 1;
    for (String candidate : known) {
      int distance = distance(word, candidate);
      if (distance < smallest) {
        smallest = distance;
        nearest = candidate;
      } else if (nearest.isEmpty() && word.length() >= 3 && candidate.startsWith(word)) {
        nearest = candidate;
      }
    }
    return nearest;
  }

  /** Insertions, deletions, replacements and swaps of neighbours, each counted as one. */
  static int distance(String from, String to) {
    int[][] cost = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int replaced = cost[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        int best = Math.min(replaced, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          best = Math.min(best, cost[i - 2][j - 2] + 1);
        }
        cost[i][j] = best;
      }
    }
    return cost[from.length()][to.length()];
  }
}
