package io.dragonfly.common.config;

import java.util.List;

/**
 * A configuration as it was read.
 *
 * @param unknownKeys keys of the file that mean nothing here, as paths ({@code upload.server.foo}),
 *     in the file's order
 */
public record Loaded<T>(T value, List<String> unknownKeys) {
  public Loaded {
    unknownKeys = List.copyOf(unknownKeys);
  }
}
