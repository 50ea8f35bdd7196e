package io.dragonfly.daemon.proxy;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;

/** Writes answers; one to HEAD has no body, whatever its headers say. For the event loop. */
final class AnswerEncoder extends HttpResponseEncoder {
  private boolean bodiless;

  void bodiless(boolean value) {
    bodiless = value;
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpResponse message) {
    return bodiless || super.isContentAlwaysEmpty(message);
  }
}
