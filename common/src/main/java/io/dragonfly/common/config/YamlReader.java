package io.dragonfly.common.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Turns the text of one YAML document into {@link Node}s. Anchors and merge keys ({@code <<}) are
 * resolved; an alias shares the node that it names, and depth and the number of aliases are
 * limited.
 *
 * <p>It reads the parser's events, not a data binder's tokens: those lose anchors on values and the
 * difference between {@code ~} and {@code "~"}.
 */
final class YamlReader {
  private static final int MAX_DEPTH = 50;
  private static final int MAX_ALIASES = 100;
  private static final String MERGE = "<<";
  private static final List<String> NULLS = List.of("", "~", "null", "Null", "NULL");

  private final String name;
  private final Iterator<Event> events;
  private final Keys keys;
  private final Mistakes mistakes;
  private final Map<Anchor, Node> anchors = new HashMap<>();
  private int aliases;
  private int depth;

  private YamlReader(String name, Iterator<Event> events, Keys keys, Mistakes mistakes) {
    this.name = name;
    this.events = events;
    this.keys = keys;
    this.mistakes = mistakes;
  }

  /** Keys that appear twice are noted among the mistakes; anything else that is not YAML throws. */
  static Node.Mapping read(String yaml, String name, Keys keys, Mistakes mistakes)
      throws ConfigException {
    LoadSettings settings = LoadSettings.builder().setLabel(name).build();
    try {
      return new YamlReader(name, new Parse(settings).parseString(yaml).iterator(), keys, mistakes)
          .document();
    } catch (MarkedYamlEngineException e) {
      throw malformed(name, e);
    } catch (YamlEngineException | NumberFormatException e) {
      // The parser lets the latter through where a file ends within a Unicode escape.
      throw new ConfigException(
          name
              + ": this is not YAML: "
              + Mistakes.clean(String.valueOf(e.getMessage()), 200)
              + "; is it text?",
          e);
    }
  }

  private Node.Mapping document() throws ConfigException {
    events.next();
    if (events.next().getEventId() == Event.ID.StreamEnd) {
      return nothing();
    }
    Node root = node(events.next(), "");
    events.next();
    Event end = events.next();
    if (end.getEventId() != Event.ID.StreamEnd) {
      throw at(end, "there is more than one YAML document: keep one, without a line of ---");
    }
    if (root instanceof Node.Mapping mapping) {
      return mapping;
    }
    if (root instanceof Node.Nothing) {
      return nothing();
    }
    throw new ConfigException(name + " has no keys at its top level: write 'key: value' lines");
  }

  /** A file that says nothing: the defaults hold for everything. */
  private static Node.Mapping nothing() {
    return new Node.Mapping(new LinkedHashMap<>(), 1);
  }

  private Node node(Event event, String path) throws ConfigException {
    if (++depth > MAX_DEPTH) {
      throw at(event, "sections and lists are nested deeper than " + MAX_DEPTH);
    }
    Node node =
        switch (event) {
          case AliasEvent alias -> alias(alias, path);
          case ScalarEvent scalar -> scalar(scalar);
          case Event start when start.getEventId() == Event.ID.SequenceStart ->
              sequence(start, path);
          case Event start -> mapping(start, path);
        };
    depth--;
    if (event instanceof NodeEvent start && !(event instanceof AliasEvent)) {
      start.getAnchor().ifPresent(anchor -> anchors.put(anchor, node));
    }
    return node;
  }

  private static Node scalar(ScalarEvent event) {
    String text = event.getValue();
    boolean plain = event.isPlain() && event.getTag().isEmpty();
    return plain && NULLS.contains(text)
        ? new Node.Nothing(line(event))
        : new Node.Scalar(text, plain, line(event));
  }

  private Node alias(AliasEvent event, String path) throws ConfigException {
    Node node = anchors.get(event.getAlias());
    if (node == null) {
      throw at(
          event,
          path
              + ": there is no anchor &"
              + Mistakes.clean(event.getAlias().getValue(), 40)
              + " above");
    }
    if (++aliases > MAX_ALIASES) {
      throw at(event, "there are more than " + MAX_ALIASES + " aliases: write values out");
    }
    return node;
  }

  private Node.Sequence sequence(Event start, String path) throws ConfigException {
    List<Node> items = new ArrayList<>();
    for (Event event = events.next();
        event.getEventId() != Event.ID.SequenceEnd;
        event = events.next()) {
      items.add(node(event, path + "[" + items.size() + "]"));
    }
    return new Node.Sequence(items, line(start));
  }

  private Node.Mapping mapping(Event start, String path) throws ConfigException {
    LinkedHashMap<String, Node.Entry> entries = new LinkedHashMap<>();
    Map<String, Integer> lines = new HashMap<>();
    List<Node> merged = new ArrayList<>();
    for (Event event = events.next();
        event.getEventId() != Event.ID.MappingEnd;
        event = events.next()) {
      if (!(event instanceof ScalarEvent keyEvent)) {
        throw at(event, "a key must be text");
      }
      String key = keyEvent.getValue();
      String keyPath = Binder.join(path, key);
      Node value = node(events.next(), keyPath);
      if (key.equals(MERGE)) {
        merged.add(value);
        continue;
      }
      Integer before = lines.putIfAbsent(canonical(key), line(keyEvent));
      if (before == null) {
        entries.put(key, new Node.Entry(value, line(keyEvent)));
      } else {
        mistakes.general(
            line(keyEvent),
            keyPath,
            "this key is already there on line " + before + ": keep one of them");
      }
    }
    Set<String> present = new HashSet<>(lines.keySet());
    for (Node node : merged) {
      merge(node, entries, present, path);
    }
    return new Node.Mapping(entries, line(start));
  }

  private void merge(Node from, Map<String, Node.Entry> entries, Set<String> present, String path) {
    switch (from) {
      case Node.Mapping mapping ->
          mapping
              .entries()
              .forEach((key, entry) -> {
                if (present.add(canonical(key))) {
                  entries.put(key, entry);
                }
              });
      case Node.Sequence sequence -> {
        for (Node item : sequence.items()) {
          if (item instanceof Node.Sequence) {
            notMergeable(item, path);
          } else {
            merge(item, entries, present, path);
          }
        }
      }
      case Node.Scalar scalar -> notMergeable(scalar, path);
      case Node.Nothing nothing -> notMergeable(nothing, path);
    }
  }

  private void notMergeable(Node node, String path) {
    mistakes.general(
        node.line(), Binder.join(path, MERGE), "only a section can be merged: write <<: *anchor");
  }

  private String canonical(String key) {
    return switch (keys) {
      case EXACT -> key;
      case ANY_CASE -> key.toLowerCase(Locale.ROOT);
    };
  }

  private static int line(Event event) {
    return event.getStartMark().map(Mark::getLine).orElse(-1) + 1;
  }

  private ConfigException at(Event event, String message) {
    return new ConfigException(name + ", line " + line(event) + ": " + message);
  }

  /** The parser's own words without its excerpt of the file, which may hold secrets. */
  private static ConfigException malformed(String name, MarkedYamlEngineException e) {
    Optional<Mark> mark = e.getProblemMark();
    String place =
        mark.map(m -> ", line " + (m.getLine() + 1) + ", column " + (m.getColumn() + 1)).orElse("");
    String context = e.getContext() == null ? "" : e.getContext() + ": ";
    return new ConfigException(
        name
            + place
            + ": this is not YAML: "
            + Mistakes.clean(context + e.getProblem(), 200)
            + "; look at the indentation (spaces, no tabs) and the quotes there");
  }
}
