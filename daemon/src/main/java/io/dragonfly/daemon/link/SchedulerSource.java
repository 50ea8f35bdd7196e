package io.dragonfly.daemon.link;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/** Where the list of schedulers comes from: a local file, or the manager. */
public interface SchedulerSource {
  /**
   * Reads the list. May block for seconds.
   *
   * @return at least one resolved address, without duplicates
   * @throws IOException if there is none now; the message says where was looked and what to do
   */
  List<InetSocketAddress> read() throws IOException, InterruptedException;

  /** For logs: the file, or the manager's address. */
  @Override
  String toString();
}
