package io.dragonfly.lab.shaped;

import io.dragonfly.lab.process.Location;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.process.Workplace;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Hosts that are network namespaces, on a bridge that is in a namespace of its own.
 *
 * <p>A link is a pair of virtual interfaces; the host's end shapes what it sends, the bridge's end
 * what it gets, each by a token bucket filter (tc-tbf(8)). A bucket holds {@value #BURST_MILLIS} ms
 * but at least one segment as the kernel hands it down (64 KiB), and a queue of {@value
 * #QUEUE_MILLIS} ms waits before it, as in a switch.
 *
 * <p>Where hosts shall be far from each other, a link is a {@link Cable} instead, which delays what
 * goes over it; shaping stays as it is.
 *
 * <p>Namespaces carry the number of the process that made them. Those of processes that are no more
 * are removed when a network is opened.
 */
public final class ShapedNetwork implements AutoCloseable {
  private static final String PREFIX = "dflab-";
  private static final int BURST_MILLIS = 4;
  private static final int QUEUE_MILLIS = 50;
  private static final int SEGMENT = 80_000;
  private static final int MOST_NODES = 250;

  /** There and back, over the cable of one host and that of the other. */
  private static final int CABLES_OF_A_ROUND_TRIP = 4;

  private final String prefix = PREFIX + ProcessHandle.current().pid() + "-";
  private final String hub = prefix + "hub";
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final List<String> namespaces = new ArrayList<>();
  private final List<Cable> cables = new ArrayList<>();
  private final Duration delay;
  private boolean closed;

  private ShapedNetwork(Duration delay) {
    this.delay = delay;
  }

  /** What is lacking on this machine, in words for the user; empty when nothing is. */
  public static Optional<String> obstacle() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return Optional.of("network namespaces need Linux");
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.of("network namespaces need root: run it with sudo");
    }
    try {
      Tool.require(Tool.IP, Tool.TC);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** Fails, in words for the user, when something is lacking on this machine. */
  public static void require() throws IOException {
    Optional<String> obstacle = obstacle();
    if (obstacle.isPresent()) {
      throw new IOException(obstacle.get());
    }
  }

  /**
   * A network without hosts.
   *
   * @param roundTrip what the way from one host to another and back takes beside the queues; zero
   *     for what this machine takes
   */
  public static ShapedNetwork open(Duration roundTrip) throws IOException, InterruptedException {
    Optional<String> obstacle = roundTrip.isZero() ? Optional.empty() : Tap.obstacle();
    if (obstacle.isPresent()) {
      throw new IOException(obstacle.get());
    }
    removeLeftovers();
    ShapedNetwork network = new ShapedNetwork(roundTrip.dividedBy(CABLES_OF_A_ROUND_TRIP));
    try {
      network.addNamespace(network.hub);
      Tool.IP.run("-n", network.hub, "link", "add", "bridge", "type", "bridge");
      Tool.IP.run("-n", network.hub, "link", "set", "bridge", "up");
      return network;
    } catch (IOException | InterruptedException e) {
      network.close();
      throw e;
    }
  }

  /** Adds a host. */
  public synchronized Node add(String name, Rate up, Rate down)
      throws IOException, InterruptedException {
    int number = nodes.size() + 1;
    if (closed || number > MOST_NODES || nodes.containsKey(name)) {
      throw new IOException("cannot add host " + name + " to the shaped network");
    }
    String namespace = prefix + number;
    String address = "10.213.0." + number;
    String port = "port" + number;
    addNamespace(namespace);
    connect(namespace, port);
    Tool.IP.run("-n", hub, "link", "set", port, "master", "bridge", "up");
    Tool.IP.run("-n", namespace, "addr", "add", address + "/24", "dev", "eth0");
    Tool.IP.run("-n", namespace, "link", "set", "eth0", "up");
    shape(namespace, "eth0", up);
    shape(hub, port, down);
    Location location = new Location(address, List.of(Tool.IP.path(), "netns", "exec", namespace));
    Node node = new Node(name, namespace, port, location, up, down);
    nodes.put(name, node);
    return node;
  }

  /** The host of that name. */
  public synchronized Node node(String name) {
    Node node = nodes.get(name);
    if (node == null) {
      throw new IllegalArgumentException("no host " + name);
    }
    return node;
  }

  /** Nothing passes between this host and the others any more; nobody is told. */
  public void cut(Node node) throws IOException, InterruptedException {
    Tool.IP.run("-n", hub, "link", "set", node.port(), "nomaster");
  }

  /** The opposite of {@link #cut}. */
  public void mend(Node node) throws IOException, InterruptedException {
    Tool.IP.run("-n", hub, "link", "set", node.port(), "master", "bridge", "up");
  }

  /** After Ctrl-C: nothing is left behind, neither of this nor of the directory of the run. */
  public void cleanAtExit(Workplace work) {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(() -> {
                  close();
                  work.close();
                }));
  }

  private void addNamespace(String name) throws IOException, InterruptedException {
    Tool.IP.run("netns", "add", name);
    namespaces.add(name);
    Tool.IP.run("-n", name, "link", "set", "lo", "up");
  }

  /** Both ends of a link: eth0 on the host, and the port of the bridge. */
  private void connect(String namespace, String port) throws IOException, InterruptedException {
    if (delay.isZero()) {
      Tool.IP.run(
          "link", "add", port, "netns", hub, "type", "veth", "peer", "name", "eth0", "netns",
          namespace);
      return;
    }
    Tap end = Namespaces.inside(namespace, () -> Tap.open("eth0"));
    cables.add(new Cable(end, Namespaces.inside(hub, () -> Tap.open(port)), delay));
  }

  private static void shape(String namespace, String device, Rate rate)
      throws IOException, InterruptedException {
    long burst = Math.max(SEGMENT, (long) (rate.bytesPerSecond() * BURST_MILLIS / 1000));
    Tool.TC.run(
        "-n",
        namespace,
        "qdisc",
        "add",
        "dev",
        device,
        "root",
        "tbf",
        "rate",
        rate.bitsPerSecond() + "bit",
        "burst",
        burst + "b",
        "latency",
        QUEUE_MILLIS + "ms");
  }

  private static void removeLeftovers() throws IOException, InterruptedException {
    for (String line : Tool.IP.run("netns", "list").lines().toList()) {
      String name = line.split(" ", 2)[0];
      if (name.startsWith(PREFIX) && isLeft(name.substring(PREFIX.length()).split("-", 2)[0])) {
        System.err.println("lab: removing " + name + ", which an earlier run left");
        remove(name);
      }
    }
  }

  /** Also when the number of the process that is no more is ours now. */
  private static boolean isLeft(String pid) {
    return !Workplace.isAlive(pid) || pid.equals(Long.toString(ProcessHandle.current().pid()));
  }

  /** Kills whatever runs in a namespace and removes it. */
  private static void remove(String namespace) throws IOException, InterruptedException {
    for (String pid : Tool.IP.run("netns", "pids", namespace).lines().toList()) {
      ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly);
    }
    Tool.IP.run("netns", "del", namespace);
  }

  /** Kills what still runs on the hosts, and removes them. May be called twice. */
  @Override
  public synchronized void close() {
    closed = true;
    cables.forEach(Cable::close);
    cables.clear();
    for (String namespace : namespaces.reversed()) {
      try {
        remove(namespace);
      } catch (IOException e) {
        System.err.println("lab: cannot remove " + namespace + ": " + e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    namespaces.clear();
  }
}
