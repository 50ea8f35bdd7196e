package io.dragonfly.common.config;

import java.util.LinkedHashMap;
import java.util.List;

/** What a YAML document holds, with line numbers from 1; before anything is known of types. */
sealed interface Node {
  int line();

  /** A key, or an item of a list, without a value. */
  record Nothing(int line) implements Node {}

  /** Text as written, without quotes; plain when it had none. */
  record Scalar(String text, boolean plain, int line) implements Node {}

  record Sequence(List<Node> items, int line) implements Node {}

  record Mapping(LinkedHashMap<String, Entry> entries, int line) implements Node {}

  /** A key's place and value. */
  record Entry(Node value, int line) {}
}
