package io.dragonfly.lab.swarm;

import java.io.IOException;

/** A way to bring the content to all peers. */
interface Contender {
  /** Those that are known by name. */
  enum Kind {
    DRAGONFLY,
    NGINX,
    ARIA2,
    MIRROR,
    SQUID
  }

  /** As the table calls it. */
  String name();

  /** Distributes the content once. */
  Outcome run(Setting setting) throws IOException, InterruptedException;
}
