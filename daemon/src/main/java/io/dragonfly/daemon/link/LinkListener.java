package io.dragonfly.daemon.link;

/** What a link tells its owner, in order and from one thread at a time. */
public interface LinkListener {
  /**
   * The scheduler can be reached. A scheduler with our extension learns content, versions and roots
   * from the peers; any other is a Go scheduler, which must be told the length when registering.
   */
  void ready(boolean extension);

  void order(SwarmOrder order);

  /**
   * The link is of no more use.
   *
   * @param hostUnknown the scheduler does not know this host (it was restarted): the owner of the
   *     link announces the host again, and the download registers again
   */
  void lost(String why, boolean hostUnknown);
}
