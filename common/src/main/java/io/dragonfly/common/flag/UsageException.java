package io.dragonfly.common.flag;

/**
 * The command line is wrong; the message says where and what would be right. Programs print it and
 * exit with 2.
 */
public final class UsageException extends Exception {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }
}
