package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.List;

/** What a file is without what setup wrote into it, where its owner changed it since. */
final class Undone {
  private Undone() {}

  /**
   * Takes out the lines that {@code after} has and {@code before} has not, and puts those back that
   * they replaced.
   *
   * @param file for messages
   * @throws SetupException when a line that setup wrote was changed, or others came between them
   */
  static String of(String file, String before, String after, String current) throws SetupException {
    LineDiff ours = LineDiff.of(/* before= */ after, /* after= */ before);
    LineDiff theirs = LineDiff.of(after, current);
    List<String> lines = new ArrayList<>(theirs.after);
    for (LineDiff.Hunk hunk : ours.hunks().reversed()) {
      int begin = begin(file, theirs, hunk);
      for (int line = hunk.from(); line < hunk.to(); line++) {
        if (theirs.place(line) != begin + line - hunk.from()) {
          throw changed(file, begin + line - hunk.from());
        }
      }
      List<String> part = lines.subList(begin, begin + hunk.to() - hunk.from());
      part.clear();
      part.addAll(ours.after.subList(hunk.from2(), hunk.to2()));
    }
    return String.join("", lines);
  }

  private static int begin(String file, LineDiff theirs, LineDiff.Hunk hunk) throws SetupException {
    int place = hunk.from() == 0 ? -1 : theirs.place(hunk.from() - 1);
    if (hunk.to() > hunk.from()) {
      int first = theirs.place(hunk.from());
      if (first < 0) {
        throw changed(file, place + 1);
      }
      return first;
    }
    if (hunk.from() > 0 && place < 0) {
      throw changed(file, 0);
    }
    return place + 1;
  }

  private static SetupException changed(String file, int line) {
    return SetupException.at(
        file,
        line + 1,
        "what setup wrote near here was changed since, so it can't be taken out safely. Edit the"
            + " file by hand ("
            + file
            + ManagedFile.BEFORE
            + " is what it was, if it was there), then remove "
            + file
            + ManagedFile.AFTER
            + ".");
  }
}
