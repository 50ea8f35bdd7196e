package io.dragonfly.common.config;

/**
 * A configuration that cannot be used. The message is for the person who wrote it: what is wrong,
 * where, what to do.
 */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
