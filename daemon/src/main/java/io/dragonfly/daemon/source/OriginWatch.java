package io.dragonfly.daemon.source;

import java.time.Duration;

/** Hears of every look at an origin, for whoever counts them. Called on the thread that looks. */
public interface OriginWatch {
  /** Counts nothing. */
  OriginWatch NOBODY =
      new OriginWatch() {
        @Override
        public void asked(String scheme, String method) {}

        @Override
        public void answered(String scheme, String method, Duration time) {}

        @Override
        public void failed(String scheme, String method) {}
      };

  /**
   * A look begins; one of the other two follows.
   *
   * @param scheme of the URL, in lower case
   * @param method the HTTP method, or the one that means the same elsewhere
   */
  void asked(String scheme, String method);

  /**
   * There is a usable answer; its body is still to be read.
   *
   * @param time since the look began, further attempts included
   */
  void answered(String scheme, String method, Duration time);

  /** There is none. */
  void failed(String scheme, String method);
}
