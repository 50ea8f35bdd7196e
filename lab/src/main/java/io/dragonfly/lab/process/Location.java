package io.dragonfly.lab.process;

import java.util.List;

/**
 * Where a member of a cluster runs.
 *
 * @param address the IP address that it listens on and is reached at
 * @param enter what a command line begins with to run there; empty for this machine as it is
 */
public record Location(String address, List<String> enter) {
  /** This machine, on 127.0.0.1. */
  public static final Location LOOPBACK = new Location("127.0.0.1", List.of());

  public Location {
    enter = List.copyOf(enter);
  }
}
