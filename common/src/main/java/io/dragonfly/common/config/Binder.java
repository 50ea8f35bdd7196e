package io.dragonfly.common.config;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a record of a mapping, component by component. All mistakes are noted; where there is one,
 * null stands for the value and no record is made around it.
 */
final class Binder {
  private record Unknown(int line, String path) {}

  private static final int MAX_UNKNOWN = 1000;
  // Aliases let a small file say much.
  private static final int MAX_VALUES = 100_000;

  private final Keys keys;
  private final Mistakes mistakes;
  private final List<Unknown> unknown = new ArrayList<>();
  private int values;

  Binder(Keys keys, Mistakes mistakes) {
    this.keys = keys;
    this.mistakes = mistakes;
  }

  /** Null when there are mistakes. */
  <T> @Nullable T bind(Node.Mapping mapping, Class<T> type) {
    return type.cast(section(mapping, type, ""));
  }

  /** Paths of keys that no component is named after, in the order of the file. */
  List<String> unknownKeys() {
    return unknown.stream()
        .sorted(Comparator.comparingInt(Unknown::line))
        .map(Unknown::path)
        .distinct()
        .toList();
  }

  static String join(String path, String key) {
    String clean = Mistakes.clean(key, 80);
    return path.isEmpty() ? clean : path + "." + clean;
  }

  private @Nullable Object section(Node.Mapping mapping, Class<?> type, String path) {
    int before = mistakes.count();
    RecordComponent[] components = type.getRecordComponents();
    Map<String, Node.Entry> left = entries(mapping);
    @Nullable Object[] values = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = component(components[i], left, path);
    }
    left.forEach((key, entry) -> unknown(entry.line(), join(path, key)));
    return mistakes.count() == before ? construct(type, components, values, mapping, path) : null;
  }

  private Map<String, Node.Entry> entries(Node.Mapping mapping) {
    return switch (keys) {
      case EXACT -> new LinkedHashMap<>(mapping.entries());
      case ANY_CASE -> {
        Map<String, Node.Entry> entries = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        entries.putAll(mapping.entries());
        yield entries;
      }
    };
  }

  private void unknown(int line, String path) {
    if (unknown.size() < MAX_UNKNOWN) {
      unknown.add(new Unknown(line, path));
    }
  }

  private @Nullable Object component(
      RecordComponent component, Map<String, Node.Entry> left, String path) {
    Node.Entry found = null;
    String name = name(component);
    for (String candidate : names(component)) {
      Node.Entry entry = left.remove(candidate);
      if (entry != null && found != null) {
        mistakes.general(
            entry.line(),
            join(path, candidate),
            "this is another name of what line " + found.line() + " sets: keep one of them");
      } else if (entry != null) {
        found = entry;
        name = candidate;
      }
    }
    String componentPath = join(path, name);
    if (found == null || found.value() instanceof Node.Nothing) {
      return missing(component);
    }
    return value(found.value(), component.getGenericType(), componentPath);
  }

  private static String name(RecordComponent component) {
    JsonProperty property = component.getAccessor().getAnnotation(JsonProperty.class);
    return property == null || property.value().isEmpty() ? component.getName() : property.value();
  }

  private static List<String> names(RecordComponent component) {
    List<String> names = new ArrayList<>(List.of(name(component)));
    JsonAlias alias = component.getAccessor().getAnnotation(JsonAlias.class);
    if (alias != null) {
      names.addAll(Arrays.asList(alias.value()));
    }
    return names;
  }

  private static @Nullable Object missing(RecordComponent component) {
    Class<?> type = component.getType();
    if (type == boolean.class) {
      return false;
    } else if (type.isPrimitive()) {
      return Scalars.parse("0", type);
    } else if (type == Optional.class) {
      return Optional.empty();
    } else if (type == OptionalInt.class) {
      return OptionalInt.empty();
    } else if (type == OptionalLong.class) {
      return OptionalLong.empty();
    }
    return null;
  }

  private static boolean isNullable(RecordComponent component) {
    return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
  }

  private @Nullable Object value(Node node, Type type, String path) {
    if (++values > MAX_VALUES) {
      if (values == MAX_VALUES + 1) {
        mistakes.general(
            node.line(), path, "there are more than " + MAX_VALUES + " values: use fewer aliases");
      }
      return null;
    }
    if (type instanceof ParameterizedType parameterized) {
      return parameterized(node, parameterized, path);
    }
    Class<?> target = (Class<?>) type;
    if (target == OptionalInt.class) {
      return scalar(node, int.class, path) instanceof Integer number
          ? OptionalInt.of(number)
          : null;
    } else if (target == OptionalLong.class) {
      return scalar(node, long.class, path) instanceof Long number ? OptionalLong.of(number) : null;
    } else if (target == Object.class) {
      return anything(node, path);
    } else if (Scalars.isScalar(target)) {
      return scalar(node, target, path);
    } else if (!target.isRecord()) {
      throw new IllegalStateException(path + ": the loader cannot make a " + target.getName());
    } else if (node instanceof Node.Mapping mapping) {
      return section(mapping, target, path);
    }
    mistakes.general(
        node.line(), path, "this is a section: write its keys under it, further to the right");
    return null;
  }

  private @Nullable Object parameterized(Node node, ParameterizedType type, String path) {
    Type[] arguments = type.getActualTypeArguments();
    if (type.getRawType() == Optional.class) {
      Object value = value(node, arguments[0], path);
      return value == null ? null : Optional.of(value);
    } else if (type.getRawType() == List.class) {
      return list(node, arguments[0], path);
    } else if (type.getRawType() == Map.class && arguments[0] == String.class) {
      return map(node, arguments[1], path);
    }
    throw new IllegalStateException(path + ": the loader cannot make a " + type);
  }

  private @Nullable Object anything(Node node, String path) {
    return switch (node) {
      case Node.Mapping mapping -> map(mapping, Object.class, path);
      case Node.Sequence sequence -> list(sequence, Object.class, path);
      case Node.Scalar scalar -> scalar.plain() ? Scalars.natural(scalar.text()) : scalar.text();
      case Node.Nothing nothing -> item(nothing, Object.class, path);
    };
  }

  private @Nullable Object scalar(Node node, Class<?> type, String path) {
    if (!(node instanceof Node.Scalar scalar)) {
      mistakes.general(node.line(), path, "this needs one value: write it on the same line");
      return null;
    }
    try {
      return Scalars.parse(scalar.text(), type);
    } catch (IllegalArgumentException e) {
      mistakes.value(scalar.line(), path, scalar.text(), String.valueOf(e.getMessage()));
      return null;
    }
  }

  private @Nullable Object list(Node node, Type type, String path) {
    if (!(node instanceof Node.Sequence sequence)) {
      mistakes.general(
          node.line(),
          path,
          "this is a list: write [a, b], or each item on a line of its own after '- '");
      return null;
    }
    List<Object> items = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      Object item = item(sequence.items().get(i), type, path + "[" + i + "]");
      if (item != null) {
        items.add(item);
      }
    }
    return Collections.unmodifiableList(items);
  }

  private @Nullable Object map(Node node, Type type, String path) {
    if (!(node instanceof Node.Mapping mapping)) {
      mistakes.general(
          node.line(),
          path,
          "this is a section: write 'name: value' lines under it, further to the right");
      return null;
    }
    Map<String, Object> values = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach((key, entry) -> {
          Object value = item(entry.value(), type, join(path, key));
          if (value != null) {
            values.put(key, value);
          }
        });
    return Collections.unmodifiableMap(values);
  }

  private @Nullable Object item(Node node, Type type, String path) {
    if (node instanceof Node.Nothing) {
      if (type != Object.class) {
        mistakes.general(node.line(), path, "the value is missing");
      }
      return null;
    }
    return value(node, type, path);
  }

  private @Nullable Object construct(
      Class<?> type,
      RecordComponent[] components,
      @Nullable Object[] values,
      Node.Mapping mapping,
      String path) {
    try {
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      Object section = constructor.newInstance(values);
      requireDefaults(section, components, path);
      return section;
    } catch (InvocationTargetException e) {
      refused(e.getCause(), components, mapping, path);
      return null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be made", e);
    }
  }

  /**
   * A component without value and without {@code @Nullable} is a mistake in the program, found by
   * its first test.
   */
  private static void requireDefaults(Object section, RecordComponent[] components, String path)
      throws ReflectiveOperationException {
    for (RecordComponent component : components) {
      component.getAccessor().setAccessible(true);
      if (!isNullable(component) && component.getAccessor().invoke(section) == null) {
        throw new IllegalStateException(
            join(path, name(component)) + " has no default in " + section.getClass().getName());
      }
    }
  }

  private void refused(
      @Nullable Throwable cause, RecordComponent[] components, Node.Mapping mapping, String path) {
    switch (cause) {
      case InvalidSectionException invalid ->
          invalid.mistakes().forEach(mistake -> refused(mistake, components, mapping, path));
      case IllegalArgumentException invalid ->
          refused(String.valueOf(invalid.getMessage()), components, mapping, path);
      case null, default ->
          throw new IllegalStateException(path + ": the section's constructor failed", cause);
    }
  }

  /** A message may begin with the name of the component that it is about, and a colon. */
  private void refused(
      String message, RecordComponent[] components, Node.Mapping mapping, String path) {
    int colon = message.indexOf(": ");
    for (RecordComponent component : components) {
      for (String candidate : names(component)) {
        if (colon == candidate.length() && message.startsWith(candidate)) {
          mistakes.general(
              line(component, mapping), join(path, name(component)), message.substring(colon + 2));
          return;
        }
      }
    }
    mistakes.general(mapping.line(), path, message);
  }

  private void refused(
      InvalidSectionException.Mistake mistake,
      RecordComponent[] components,
      Node.Mapping mapping,
      String path) {
    int line = mapping.line();
    String key = mistake.key();
    for (RecordComponent component : components) {
      if (component.getName().equals(mistake.key())) {
        key = name(component);
        line = line(component, mapping);
      }
    }
    mistakes.value(line, join(path, key), mistake.value(), mistake.allowed());
  }

  /** Where the file sets the component; where it does not, the section's line. */
  private int line(RecordComponent component, Node.Mapping mapping) {
    Map<String, Node.Entry> entries = entries(mapping);
    for (String candidate : names(component)) {
      Node.Entry entry = entries.get(candidate);
      if (entry != null) {
        return entry.line();
      }
    }
    return mapping.line();
  }
}
