package io.dragonfly.lab.clients;

import java.io.IOException;

/** Something at an origin. */
interface Content {
  /** Its name there. */
  String name();

  /** Bytes that a host needs of it which come through the swarm. */
  long bytes();

  /** Bytes of it that the origin has sent so far. */
  long read() throws IOException;
}
