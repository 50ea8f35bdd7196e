package io.dragonfly.daemon.local;

/** A request that does not keep to the line protocol; the message says where. */
public final class MalformedRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  MalformedRequestException(String message) {
    super(message);
  }
}
