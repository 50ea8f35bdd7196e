package io.dragonfly.lab.faults;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A swarm to which one case happens: what the case does, and what is noted of it for the checks.
 */
final class Stage implements AutoCloseable {
  /** A host that takes part only where a case needs one more. */
  static final String STRANGER = "stranger";

  private static final Duration POLL = Duration.ofMillis(5);
  private static final int BACKLOG = 1024;

  /** A program under way, and the file that it makes. */
  record Running(Program dfget, Path output) {}

  final ProcessCluster cluster;
  final LabOrigin origin;
  final OriginBudget budget;
  final Path directory;
  final Path outputs;
  private final FaultOptions options;
  private final ShapedNetwork network;
  private final FaultCase which;
  private final LabContent content;
  private final Map<String, Running> running = new LinkedHashMap<>();
  private final Map<String, Footprint> bases = new TreeMap<>();
  private final Set<String> mayFail = new HashSet<>();
  private final Set<String> mustFail = new HashSet<>();
  private final Set<String> rightBytes = new HashSet<>();
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final List<String> flaws = new ArrayList<>();
  private FaultCase.Play remedy = _ -> {};
  private int files;
  private long began;

  /** A stage on which nothing runs yet. */
  Stage(FaultOptions options, ShapedNetwork network, FaultCase which, Path directory)
      throws IOException {
    this.options = options;
    this.network = network;
    this.which = which;
    this.directory = directory;
    budget = new OriginBudget(options.size());
    content = new LabContent(which.name().hashCode(), options.size());
    rightBytes.add(content.sha256());
    cluster =
        new ProcessCluster(
            directory,
            ProcessCluster.freePort(),
            options.ours(),
            member -> network.node(member).location());
    outputs = Files.createDirectories(directory.resolve("out"));
    Node node = network.node(Hosts.ORIGIN);
    ServerSocket socket =
        node.inside(() -> new ServerSocket(0, BACKLOG, InetAddress.ofLiteral(node.address())));
    origin = LabOrigin.serve(socket, content, Behaviour.good());
    owned.push(origin);
    owned.push(cluster);
  }

  /** Lets the case happen, and judges it. */
  Verdict play() throws InterruptedException {
    double seconds = 0;
    try {
      which.play().on(this);
      StageChecks checks = new StageChecks(this);
      checks.awaitEnds();
      seconds = (System.nanoTime() - began) / 1e9;
      remedy.on(this);
      checks.everybodyHasIt();
      checks.nothingIsLeft();
    } catch (IOException | RuntimeException e) {
      flaws.add(String.valueOf(e.getMessage()));
    }
    return new Verdict(
        which.name(),
        seconds,
        options.limit(which).toSeconds(),
        origin.bytesSent(),
        budget.allowed(),
        flaws);
  }

  LabContent content() {
    return content;
  }

  String url() {
    return origin.url("/" + which.name());
  }

  InetSocketAddress schedulerAddress() {
    return new InetSocketAddress(
        InetAddress.ofLiteral(node(ProcessCluster.SCHEDULER).address()), cluster.schedulerPort());
  }

  List<String> peers() {
    return Hosts.peers(network, options.peers()).stream().map(Node::name).toList();
  }

  Node node(String name) {
    return network.node(name);
  }

  /** Starts scheduler, seed and peers. */
  void start() throws IOException, InterruptedException {
    cluster.startScheduler();
    restart(Hosts.SEED);
    for (String peer : peers()) {
      restart(peer);
    }
  }

  /** Starts a member, also again on the same directory and ports. */
  void restart(String member) throws IOException, InterruptedException {
    if (member.equals(ProcessCluster.SCHEDULER)) {
      cluster.startScheduler();
      return;
    }
    if (member.equals(Hosts.SEED)) {
      cluster.startSeed(member);
    } else {
      cluster.startPeer(member);
    }
    bases.put(member, Footprint.of(cluster, member));
  }

  /** To be closed in the end, before what was there earlier. */
  void own(AutoCloseable resource) {
    owned.push(resource);
  }

  /** All peers begin to download. */
  void downloadOnAll() throws IOException {
    began = System.nanoTime();
    for (String peer : peers()) {
      running.put(peer, download(peer));
    }
  }

  Running download(String peer) throws IOException {
    Path output = outputs.resolve("file" + ++files);
    return new Running(cluster.dfget(peer, url(), output), output);
  }

  /** Waits until the origin has sent a third. */
  void awaitMidway() throws IOException, InterruptedException {
    awaitSent(options.size() / 3);
  }

  void awaitSent(long bytes) throws IOException, InterruptedException {
    while (origin.bytesSent() < bytes) {
      if (System.nanoTime() > deadline()) {
        throw new IOException(
            "the origin has sent " + origin.bytesSent() + " bytes after " + options.limit(which));
      }
      Thread.sleep(POLL);
    }
  }

  /** A member is lost now, or cut off: what only it has counts as lost. */
  void lose(String member) throws IOException, InterruptedException {
    budget.addInFlight(origin);
    if (!peers().contains(member)) {
      budget.addReader();
    }
    if (bases.containsKey(member)) {
      List<String> others = new ArrayList<>(bases.keySet());
      others.remove(member);
      budget.addLost(origin, others.stream().map(cluster::storage).toList());
    }
  }

  /** SIGKILL. The downloads of a daemon may fail. */
  void kill(String member) throws IOException, InterruptedException {
    cluster.program(member).kill();
    mayFail.add(member);
  }

  void cut(String host) throws IOException, InterruptedException {
    network.cut(node(host));
    own(() -> network.mend(node(host)));
  }

  void mend(String host) throws IOException, InterruptedException {
    network.mend(node(host));
  }

  /** The downloads of these must end in one clear error. */
  void expectErrorOn(List<String> daemons) {
    mustFail.addAll(daemons);
  }

  /** These bytes are right, too. */
  void accept(LabContent other) {
    rightBytes.add(other.sha256());
  }

  /** What is done when the downloads have ended, so that those that failed can be repeated. */
  void remedy(FaultCase.Play play) {
    remedy = play;
  }

  /** Something that must not be. */
  void flaw(String what) {
    flaws.add(what);
  }

  long deadline() {
    return began + options.limit(which).toNanos();
  }

  Map<String, Running> running() {
    return running;
  }

  Map<String, Footprint> bases() {
    return bases;
  }

  boolean mayFail(String peer) {
    return mayFail.contains(peer);
  }

  boolean mustFail(String peer) {
    return mustFail.contains(peer);
  }

  Set<String> rightBytes() {
    return rightBytes;
  }

  @Override
  public void close() throws IOException {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (IOException | RuntimeException e) {
        System.err.println("lab faults: " + e.getMessage());
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }
}
