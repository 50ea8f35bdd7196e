package io.dragonfly.lab.swarm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One peer's part in a distribution. */
interface Download {
  /** The peer's name. */
  String name();

  /** Downloads; returns when all is there. */
  void run() throws IOException, InterruptedException;

  /** How many bytes are there by now; an estimate for the chart. */
  long bytes();

  /** The files that it made; the content is what is in them, one after the other. */
  List<Path> outputs();
}
