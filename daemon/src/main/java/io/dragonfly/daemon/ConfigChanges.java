package io.dragonfly.daemon;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The keys in which two configurations differ; never their values, which may be secrets. */
final class ConfigChanges {
  /** Those that a running daemon takes over; the others wait for its next start. */
  private static final List<String> AT_RUN_TIME =
      List.of(
          "download.bandwidthLimit",
          "download.backToSourceBandwidthLimit",
          "upload.bandwidthLimit",
          "proxy.prefetchBandwidthLimit");

  private ConfigChanges() {}

  /** Paths that differ and that a running daemon does not take over. */
  static List<String> waiting(DaemonConfig before, DaemonConfig after) {
    List<String> paths = new ArrayList<>();
    compare("", before, after, paths);
    paths.removeAll(AT_RUN_TIME);
    return paths;
  }

  private static void compare(
      String path, @Nullable Object before, @Nullable Object after, List<String> paths) {
    if (Objects.equals(before, after)) {
      return;
    }
    if (before instanceof Record one
        && after instanceof Record other
        && one.getClass().getPackage().equals(DaemonConfig.class.getPackage())) {
      for (RecordComponent component : one.getClass().getRecordComponents()) {
        String name = path.isEmpty() ? key(component) : path + "." + key(component);
        compare(name, value(component, one), value(component, other), paths);
      }
    } else if (before instanceof Optional<?> one && after instanceof Optional<?> other) {
      compare(path, one.orElse(null), other.orElse(null), paths);
    } else {
      paths.add(path);
    }
  }

  private static String key(RecordComponent component) {
    JsonProperty named = component.getAccessor().getAnnotation(JsonProperty.class);
    return named == null ? component.getName() : named.value();
  }

  private static @Nullable Object value(RecordComponent component, Record of) {
    try {
      return component.getAccessor().invoke(of);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }
}
