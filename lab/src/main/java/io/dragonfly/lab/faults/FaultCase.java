package io.dragonfly.lab.faults;

import java.io.IOException;

/**
 * Something that can happen to a swarm.
 *
 * @param name as the user calls it
 * @param fault what it is, with its limit
 * @param play lets it happen
 */
record FaultCase(String name, Fault fault, Play play) {

  /** Something that is done to a stage. */
  @FunctionalInterface
  interface Play {
    void on(Stage stage) throws IOException, InterruptedException;
  }
}
