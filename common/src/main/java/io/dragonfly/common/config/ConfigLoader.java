package io.dragonfly.common.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads a YAML configuration into records.
 *
 * <p>A key is a component's name, or what {@code @JsonProperty} says instead, or a
 * {@code @JsonAlias}. Components may be records (sections), numbers, booleans, String, {@link
 * java.time.Duration} ({@link Durations}), {@link ByteSize}, Path, Pattern, enums (their names in
 * lower case, in any case, or {@code @JsonProperty}), whatever has a static {@code parse(String)},
 * and Optional, OptionalInt, OptionalLong, List, and Map from String, of these; Object takes
 * anything.
 *
 * <p>What the file does not say (or says with an empty value) reaches the compact constructor as
 * null, which puts the default there; except: primitives are 0 or false, and Optionals are empty. A
 * component that is null afterwards must be {@code @Nullable}.
 *
 * <p>Compact constructors refuse values by {@link Checks}, or by {@link IllegalArgumentException}
 * ("key: what is wrong"). All mistakes of a file are reported by one exception, each with line,
 * path, value and what is allowed.
 */
public final class ConfigLoader {
  static final int MAX_FILE_BYTES = 1 << 20;

  private ConfigLoader() {}

  /** Reads a file whose keys are written exactly as the record components. */
  public static <T> Loaded<T> load(Path file, Class<T> type) throws ConfigException {
    return load(file, type, Keys.EXACT);
  }

  public static <T> Loaded<T> load(Path file, Class<T> type, Keys keys) throws ConfigException {
    String name = "configuration file " + file;
    return parse(text(file, name), name, type, keys);
  }

  /** Reads text; {@code name} stands for the file in messages. */
  public static <T> Loaded<T> parse(String yaml, String name, Class<T> type, Keys keys)
      throws ConfigException {
    if (yaml.length() > MAX_FILE_BYTES) {
      throw tooLarge(name);
    }
    Mistakes mistakes = new Mistakes();
    Node.Mapping root = YamlReader.read(yaml, name, keys, mistakes);
    Binder binder = new Binder(keys, mistakes);
    T value = binder.bind(root, type);
    mistakes.throwIfAny(name);
    if (value == null) {
      throw new IllegalStateException(name + " gave neither a value nor a mistake");
    }
    return new Loaded<>(value, binder.unknownKeys());
  }

  /** The configuration of a file that says nothing. */
  public static <T> T defaults(Class<T> type) throws ConfigException {
    return parse("{}", "the default configuration", type, Keys.EXACT).value();
  }

  private static String text(Path file, String name) throws ConfigException {
    byte[] bytes = bytes(file, name);
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes))
              .toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new ConfigException(name + " is not text in UTF-8: save it in that encoding", e);
    }
  }

  private static byte[] bytes(Path file, String name) throws ConfigException {
    if (Files.isDirectory(file)) {
      throw new ConfigException(name + " is a directory: name a file in it");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw tooLarge(name);
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new ConfigException(
          name + " does not exist: create it, or name another file with --config", e);
    } catch (AccessDeniedException e) {
      throw new ConfigException(
          name + " may not be read by this user: change its owner or mode", e);
    } catch (IOException e) {
      throw new ConfigException(name + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static ConfigException tooLarge(String name) {
    return new ConfigException(
        name + " is larger than 1 MiB, which no configuration is: name another file");
  }
}
