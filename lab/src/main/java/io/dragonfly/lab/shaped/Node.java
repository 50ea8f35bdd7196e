package io.dragonfly.lab.shaped;

import io.dragonfly.lab.process.Location;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * One host of a {@link ShapedNetwork}.
 *
 * @param name as the measurement calls it
 * @param namespace the network namespace that it is
 * @param port the bridge's end of its link
 * @param location where to start its programs, and its address
 * @param up from it to the others
 * @param down from the others to it
 */
public record Node(
    String name, String namespace, String port, Location location, Rate up, Rate down) {

  public String address() {
    return location.address();
  }

  /** A command line that runs on this host. */
  public List<String> command(List<String> command) {
    List<String> all = new ArrayList<>(location.enter());
    all.addAll(command);
    return all;
  }

  /**
   * Calls something in a thread of this process that is on this host. Sockets that it makes stay on
   * the host, also when other threads use them later.
   *
   * @throws IOException if the host is no more, or what was called failed
   */
  public <T> T inside(Callable<T> call) throws IOException {
    return Namespaces.inside(namespace, call);
  }
}
