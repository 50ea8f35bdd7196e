package io.dragonfly.lab.swarm;

import java.io.IOException;
import java.nio.file.Path;

/** One peer's part in a distribution. */
interface Download {
  /** The peer's name. */
  String name();

  /** Downloads; returns when all is there. */
  void run() throws IOException, InterruptedException;

  /** How many bytes are there by now; an estimate for the chart. */
  long bytes();

  /** The file that it made. */
  Path output();
}
