package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How one text becomes another, by whole lines: the shortest script (Myers 1986), with its ends cut
 * off first. A line has its end with it, so that a last line without one differs from one with.
 */
final class LineDiff {
  private static final int CONTEXT = 3;

  /** Texts that differ by more lines are taken as different from the first to the last of them. */
  private static final int MOST_EDITS = 2000;

  final List<String> before;
  final List<String> after;

  /** For each line of {@code before} its place in {@code after}, or -1. */
  private final int[] places;

  private LineDiff(List<String> before, List<String> after) {
    this.before = before;
    this.after = after;
    this.places = match(before, after);
  }

  static LineDiff of(String before, String after) {
    return new LineDiff(lines(before), lines(after));
  }

  /** Lines from..to (excluded) of the one text that are from2..to2 in the other. */
  record Hunk(int from, int to, int from2, int to2) {}

  static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    int begin = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
      lines.add(text.substring(begin, end + 1));
      begin = end + 1;
    }
    if (begin < text.length()) {
      lines.add(text.substring(begin));
    }
    return lines;
  }

  /** Where that line of {@code before} is in {@code after}; -1 if it is not there. */
  int place(int line) {
    return places[line];
  }

  List<Hunk> hunks() {
    List<Hunk> hunks = new ArrayList<>();
    int from = 0;
    int from2 = 0;
    for (int line = 0; line <= before.size(); line++) {
      int place = line < before.size() ? places[line] : after.size();
      if (place < 0) {
        continue;
      }
      if (line > from || place > from2) {
        hunks.add(new Hunk(from, line, from2, place));
      }
      from = line + 1;
      from2 = place + 1;
    }
    return hunks;
  }

  private static int[] match(List<String> a, List<String> b) {
    int[] places = new int[a.size()];
    Arrays.fill(places, -1);
    int head = 0;
    while (head < a.size() && head < b.size() && a.get(head).equals(b.get(head))) {
      places[head] = head;
      head++;
    }
    int endA = a.size();
    int endB = b.size();
    while (endA > head && endB > head && a.get(endA - 1).equals(b.get(endB - 1))) {
      places[--endA] = --endB;
    }
    between(a, head, endA, b, head, endB, places);
    return places;
  }

  private static void between(
      List<String> a, int fromA, int toA, List<String> b, int fromB, int toB, int[] places) {
    int n = toA - fromA;
    int m = toB - fromB;
    int most = Math.min(n + m, MOST_EDITS);
    int middle = most + 1;
    int[] reach = new int[2 * most + 3];
    List<int[]> trace = new ArrayList<>();
    for (int edits = 0; edits <= most; edits++) {
      trace.add(reach.clone());
      for (int k = -edits; k <= edits; k += 2) {
        boolean down = k == -edits || (k != edits && reach[middle + k - 1] < reach[middle + k + 1]);
        int x = down ? reach[middle + k + 1] : reach[middle + k - 1] + 1;
        while (x < n && x - k < m && a.get(fromA + x).equals(b.get(fromB + x - k))) {
          x++;
        }
        reach[middle + k] = x;
        if (x >= n && x - k >= m) {
          back(trace, middle, n, m, fromA, fromB, places);
          return;
        }
      }
    }
  }

  private static void back(
      List<int[]> trace, int middle, int n, int m, int fromA, int fromB, int[] places) {
    int x = n;
    int y = m;
    for (int edits = trace.size() - 1; edits >= 0; edits--) {
      int[] reach = trace.get(edits);
      int k = x - y;
      boolean down = k == -edits || (k != edits && reach[middle + k - 1] < reach[middle + k + 1]);
      int beforeK = down ? k + 1 : k - 1;
      int beforeX = edits == 0 ? 0 : reach[middle + beforeK];
      int beforeY = edits == 0 ? 0 : beforeX - beforeK;
      while (x > beforeX && y > beforeY) {
        x--;
        y--;
        places[fromA + x] = fromB + y;
      }
      x = beforeX;
      y = beforeY;
    }
  }

  /** As {@code diff -u} writes it, without passwords in URLs; empty when the texts are equal. */
  String unified(String beforeName, String afterName) {
    List<Hunk> hunks = hunks();
    if (hunks.isEmpty()) {
      return "";
    }
    StringBuilder out = new StringBuilder();
    out.append("--- ").append(beforeName).append('\n');
    out.append("+++ ").append(afterName).append('\n');
    for (int first = 0; first < hunks.size(); ) {
      int last = first;
      while (last + 1 < hunks.size()
          && hunks.get(last + 1).from() - hunks.get(last).to() <= 2 * CONTEXT) {
        last++;
      }
      group(hunks.subList(first, last + 1), out);
      first = last + 1;
    }
    return out.toString();
  }

  private void group(List<Hunk> hunks, StringBuilder out) {
    Hunk first = hunks.getFirst();
    Hunk last = hunks.getLast();
    int lead = Math.min(CONTEXT, first.from());
    int tail = Math.min(CONTEXT, before.size() - last.to());
    out.append("@@ -")
        .append(range(first.from() - lead, last.to() + tail))
        .append(" +")
        .append(range(first.from2() - lead, last.to2() + tail))
        .append(" @@\n");
    int line = first.from() - lead;
    for (Hunk hunk : hunks) {
      print(' ', before.subList(line, hunk.from()), out);
      print('-', before.subList(hunk.from(), hunk.to()), out);
      print('+', after.subList(hunk.from2(), hunk.to2()), out);
      line = hunk.to();
    }
    print(' ', before.subList(line, line + tail), out);
  }

  private static String range(int from, int to) {
    int count = to - from;
    return (count == 0 ? from : from + 1) + (count == 1 ? "" : "," + count);
  }

  private static final Pattern IN_URL = Pattern.compile("://[^/@\\s\"']*@");

  /** A setting whose name says that its value is not for everybody. */
  private static final Pattern SETTING =
      Pattern.compile(
          "(?i)^(\\s*\"?[\\w.-]*(?:password|passwd|secret|token|extraheader)[\\w.-]*\"?\\s*[=:])"
              + "\\s*\\S.*");

  private static String masked(String line) {
    String text = IN_URL.matcher(line).replaceAll("://***@");
    String end = text.endsWith("\n") ? "\n" : "";
    return SETTING.matcher(text.substring(0, text.length() - end.length())).replaceAll("$1 ***")
        + end;
  }

  private static void print(char mark, List<String> lines, StringBuilder out) {
    for (String line : lines) {
      out.append(mark).append(masked(line));
      if (!line.endsWith("\n")) {
        out.append("\n\\ No newline at end of file\n");
      }
    }
  }
}
