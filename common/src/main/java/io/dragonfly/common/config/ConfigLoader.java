package io.dragonfly.common.config;

import java.nio.file.Path;

/** Reads a YAML configuration into records. */
public final class ConfigLoader {
  private ConfigLoader() {}

  /** Reads a file whose keys are written exactly as the record components. */
  public static <T> Loaded<T> load(Path file, Class<T> type) throws ConfigException {
    return load(file, type, Keys.EXACT);
  }

  public static <T> Loaded<T> load(Path file, Class<T> type, Keys keys) throws ConfigException {
    return parse("", file.toString(), type, keys);
  }

  /** Reads text; {@code name} stands for the file in messages. */
  public static <T> Loaded<T> parse(String yaml, String name, Class<T> type, Keys keys)
      throws ConfigException {
    if (yaml.isEmpty()) {
      throw new ConfigException(name + " is empty");
    }
    throw new UnsupportedOperationException(name + type + keys);
  }

  /** The configuration of a file that says nothing: all defaults. */
  public static <T> T defaults(Class<T> type) throws ConfigException {
    return parse("{}", "defaults", type, Keys.EXACT).value();
  }
}
