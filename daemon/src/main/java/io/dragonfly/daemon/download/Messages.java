package io.dragonfly.daemon.download;

/** The text of a failure; many failures of Java's own have none. */
final class Messages {
  private Messages() {}

  static String of(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
