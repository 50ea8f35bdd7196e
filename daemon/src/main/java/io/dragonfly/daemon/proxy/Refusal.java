package io.dragonfly.daemon.proxy;

import io.netty.handler.codec.http.HttpResponseStatus;

/** A request that is not carried out, and what the client is told. */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  /** The value of the header {@code X-Dragonfly-Error-Type}. */
  enum Type {
    /** The origin's answer, or that there is none. */
    BACKEND("backend"),
    /** What was asked of the proxy. */
    PROXY("proxy"),
    /** The download of the task. */
    DFDAEMON("dfdaemon");

    private final String text;

    Type(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private final transient HttpResponseStatus status;
  private final Type type;

  Refusal(HttpResponseStatus status, Type type, String message) {
    super(message);
    this.status = status;
    this.type = type;
  }

  static Refusal badRequest(String message) {
    return new Refusal(HttpResponseStatus.BAD_REQUEST, Type.PROXY, message);
  }

  /** RFC 9110, 15.5.20. */
  static Refusal misdirected(String message) {
    return new Refusal(HttpResponseStatus.MISDIRECTED_REQUEST, Type.PROXY, message);
  }

  HttpResponseStatus status() {
    return status;
  }

  Type type() {
    return type;
  }
}
