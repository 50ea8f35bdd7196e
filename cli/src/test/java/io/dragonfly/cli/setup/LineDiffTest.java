package io.dragonfly.cli.setup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineDiffTest {
  /** What the hunks make of the first text. */
  private static String applied(LineDiff diff) {
    List<String> lines = new ArrayList<>(diff.before);
    for (LineDiff.Hunk hunk : diff.hunks().reversed()) {
      List<String> part = lines.subList(hunk.from(), hunk.to());
      part.clear();
      part.addAll(diff.after.subList(hunk.from2(), hunk.to2()));
    }
    return String.join("", lines);
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(30); i > 0; i--) {
      text.append((char) ('a' + random.nextInt(4))).append('\n');
    }
    return text.toString();
  }

  @Test
  void hunksMakeTheOtherText() {
    Random random = new Random(1);
    for (int i = 0; i < 3000; i++) {
      String before = text(random);
      String after = text(random);
      LineDiff diff = LineDiff.of(before, after);
      assertThat(applied(diff)).isEqualTo(after);
    }
  }

  @Test
  void whatWasAddedIsTakenOutWhateverElseChanged() throws Exception {
    Random random = new Random(2);
    for (int i = 0; i < 3000; i++) {
      List<String> lines = new ArrayList<>(LineDiff.lines(text(random)));
      String before = String.join("", lines);
      int at = random.nextInt(lines.size() + 1);
      lines.add(at, "ours 1\n");
      lines.add(at + 1, "ours 2\n");
      String after = String.join("", lines);
      // Lines of others, anywhere but between the two of ours.
      int other = random.nextInt(lines.size() + 1);
      boolean between = other == at + 1;
      lines.add(between ? other + 1 : other, "theirs\n");
      String current = String.join("", lines);
      lines.remove("ours 1\n");
      lines.remove("ours 2\n");
      assertThat(Undone.of("f", before, after, current)).isEqualTo(String.join("", lines));
    }
  }

  @Test
  void farPlacesGetHunksOfTheirOwn() {
    StringBuilder before = new StringBuilder();
    for (int i = 1; i <= 20; i++) {
      before.append(i).append('\n');
    }
    String after = before.toString().replace("3\n4\n", "3\nx\n4\n").replace("19\n20\n", "19\n20");
    assertThat(LineDiff.of(before.toString(), after).unified("a", "b"))
        .isEqualTo(
            """
            --- a
            +++ b
            @@ -1,6 +1,7 @@
             1
             2
             3
            +x
             4
             5
             6
            @@ -17,4 +18,4 @@
             17
             18
             19
            -20
            +20
            \\ No newline at end of file
            """);
  }
}
