package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.dragonfly.lab.process.Location;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.util.List;

/**
 * A network with one host, whose address is not of the kind that clients never use a proxy for.
 *
 * @param name of its namespace
 */
record PrivateNetwork(String name) implements AutoCloseable {
  private static final String ADDRESS = "10.98.0.1";

  static PrivateNetwork create() throws IOException, InterruptedException {
    assumeThat(ShapedNetwork.obstacle()).isEmpty();
    PrivateNetwork made = new PrivateNetwork("df-clients-" + ProcessHandle.current().pid());
    Tool.IP.run("netns", "add", made.name);
    Tool.IP.run("-n", made.name, "addr", "add", ADDRESS + "/32", "dev", "lo");
    Tool.IP.run("-n", made.name, "link", "set", "lo", "up");
    return made;
  }

  Location location() {
    return new Location(ADDRESS, List.of("ip", "netns", "exec", name));
  }

  /**
   * What a command line begins with to run there and still see this machine's /sys, with its
   * cgroups.
   */
  List<String> enterWithSystem() throws IOException {
    return List.of(Tool.NSENTER.path(), "--net=/run/netns/" + name);
  }

  @Override
  public void close() throws IOException {
    try {
      Tool.IP.run("netns", "del", name);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
