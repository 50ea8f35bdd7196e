package io.dragonfly.common.telemetry;

import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Counters whose names do not end in {@code _total}. Prometheus' library can show such a name only
 * as a gauge; upstream's programs call it a counter, and what reads the type has to see that. So
 * the type is set right in the finished text, where a line that begins with {@code # TYPE} is never
 * anything else: a line break inside of a label or a description is escaped.
 */
final class CounterTypes {
  private static final String TYPE = "# TYPE ";
  private static final String GAUGE = " gauge\n";
  private static final String COUNTER = " counter\n";

  private final Set<String> names = new ConcurrentSkipListSet<>();

  /** The full name of a counter that is registered as a gauge. */
  void add(String name) {
    names.add(name);
  }

  /** The text with the true types. */
  String correct(String text) {
    StringBuilder out = new StringBuilder(text.length() + names.size() * 2);
    int copied = 0;
    for (int line = 0; line < text.length(); line = endOfLine(text, line)) {
      if (text.startsWith(TYPE, line)) {
        int end = endOfLine(text, line);
        int space = text.indexOf(' ', line + TYPE.length());
        if (space > 0
            && text.startsWith(GAUGE, space)
            && space + GAUGE.length() == end
            && names.contains(text.substring(line + TYPE.length(), space))) {
          out.append(text, copied, space).append(COUNTER);
          copied = end;
        }
      }
    }
    return out.append(text, copied, text.length()).toString();
  }

  /** Where the next line begins. */
  private static int endOfLine(String text, int from) {
    int feed = text.indexOf('\n', from);
    return feed < 0 ? text.length() : feed + 1;
  }
}
