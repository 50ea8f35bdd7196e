package io.dragonfly.daemon;

import static java.util.Objects.requireNonNullElse;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The {@code tracing} section. It is checked like every other, and has no effect in this program.
 */
// Absent keys arrive as null and leave as defaults.
@SuppressWarnings({"NullAway", "NullOptional", "NullableOptional"})
public record TracingConfig(
    Optional<String> protocol,
    Optional<String> endpoint,
    Optional<Path> path,
    Map<String, String> headers) {

  static final TracingConfig DEFAULT = new TracingConfig(null, null, null, null);

  public TracingConfig {
    protocol = present(protocol);
    if (protocol.isPresent()
        && !protocol.get().equals("http")
        && !protocol.get().equals("https")
        && !protocol.get().equals("grpc")) {
      throw new IllegalArgumentException(
          "protocol: \"" + protocol.get() + "\" is not http, https or grpc");
    }
    endpoint = present(endpoint);
    path = present(path);
    headers = Map.copyOf(requireNonNullElse(headers, Map.of()));
  }

  private static <T> Optional<T> present(@Nullable Optional<T> value) {
    return value == null ? Optional.empty() : value;
  }
}
