package io.dragonfly.daemon.proxy;

/**
 * Hears what the proxy does, once for each request that could be read. Any thread; never blocks.
 */
public interface ProxyWatch {
  /** A request came, of whatever kind. */
  void asked();

  /** The content that it asks for is a task's: it is answered from this host or its swarm. */
  void throughSwarm();

  /**
   * A request that came got no answer, an answer that says only why there is none, or a part of
   * one. Not what the client gave up itself, what an origin refused, or the question for a user's
   * name.
   */
  void failed();
}
