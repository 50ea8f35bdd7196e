package io.dragonfly.lab.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.cli.Terminal;
import io.dragonfly.cli.setup.Setup;
import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Location;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Namespaces;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A scheduler, a seed and the daemons of two hosts, origins and what else stands around them, all
 * in a network of its own: no client uses a proxy for each address of loopback. All of it ends with
 * the bench.
 */
final class Bench implements AutoCloseable {
  static final String SEED = "seed";
  static final String ONE = "one";
  static final String TWO = "two";

  private static final String LIMIT_SECONDS = "150";
  private static final Duration SETTLE = Duration.ofSeconds(60);

  /**
   * Bytes that a daemon delivered, by where they came from.
   *
   * @param peers seeds among them
   */
  record Traffic(long cache, long peers, long origin) {
    Traffic minus(Traffic before) {
      return new Traffic(cache - before.cache, peers - before.peers, origin - before.origin);
    }
  }

  private final PrivateNetwork network;
  private final Path directory;
  private final ProcessCluster cluster;
  private final AtomicInteger numbers = new AtomicInteger();
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private @Nullable FileTree files;
  private @Nullable Registry registry;

  private Bench(PrivateNetwork network) throws IOException {
    this.network = network;
    owned.push(network);
    directory = Files.createTempDirectory("df");
    cluster =
        new ProcessCluster(
            directory.resolve("c"),
            ProcessCluster.freePort(),
            Launcher.ofClassPath(),
            _ -> network.location());
    owned.push(cluster);
  }

  /** With a network, in which nothing runs yet. */
  static Bench open() throws IOException, InterruptedException {
    require(List.of(Tool.CURL, Tool.NGINX));
    return new Bench(PrivateNetwork.create());
  }

  /** Where a tool lacks, the test is skipped with the line that installs it. */
  static void require(List<Tool> tools) {
    for (Tool tool : tools) {
      assumeThat(tool.find()).as("apt-get install " + tool.debianPackage()).isPresent();
    }
  }

  /** Starts the scheduler and the daemons. */
  void start() throws IOException, InterruptedException {
    start("");
  }

  /**
   * Starts the scheduler and the daemons. By rules, what has the names of packages and the like
   * comes through the swarm.
   *
   * @param more sections of the configuration of all daemons
   */
  void start(String more) throws IOException, InterruptedException {
    String proxy =
        """
          registryMirror: {addr: '%s'}
          rules:
            - regex: '\\.(bin|whl|deb)$'
            - regex: '/objects/[0-9a-f]{64}$'
        """
            .formatted(registry().url());
    cluster.startScheduler();
    cluster.startDaemon(SEED, proxy + more + "seedPeer:\n  enable: true\n  type: super\n");
    cluster.startDaemon(ONE, proxy + more);
    cluster.startDaemon(TWO, proxy + more);
  }

  ProcessCluster cluster() {
    return cluster;
  }

  /** What nginx serves; it is started at the first call. */
  FileTree files() throws IOException, InterruptedException {
    if (files == null) {
      files = FileTree.on(this, "");
    }
    return files;
  }

  /** A registry for everybody; it is started at the first call. */
  Registry registry() throws IOException, InterruptedException {
    if (registry == null) {
      registry = Registry.start(this);
    }
    return registry;
  }

  /**
   * Starts a server of Git LFS.
   *
   * @param objects what the URL of an object begins with
   * @return its URL
   */
  String lfs(String objects) throws IOException {
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.ofLiteral(place().address()), ProcessCluster.freePort());
    own(Namespaces.inside(network.name(), () -> LfsServer.start(address, objects)));
    return "http://" + place().address() + ":" + address.getPort() + "/lfs";
  }

  Location place() {
    return network.location();
  }

  /** See {@link PrivateNetwork#enterWithSystem}. */
  List<String> enterWithSystem() throws IOException {
    return network.enterWithSystem();
  }

  /** To be ended with the bench, before what was there earlier. */
  <T extends AutoCloseable> T own(T resource) {
    owned.push(resource);
    return resource;
  }

  Program own(Program program, int port) throws IOException, InterruptedException {
    own(program).awaitListening(port, SETTLE);
    return program;
  }

  /** nginx that serves a directory; see {@link Nginx#start(Location, Path, Path, String)}. */
  Nginx nginx(Path directory, String directives) throws IOException, InterruptedException {
    return own(Nginx.start(place(), directory, newDirectory(), directives));
  }

  /** A new directory with a short path. */
  Path newDirectory() throws IOException {
    return Files.createDirectory(directory.resolve("d" + numbers.incrementAndGet()));
  }

  /** The URL of a daemon's proxy. */
  String proxy(String daemon) throws IOException {
    return "http://" + proxyAddress(daemon);
  }

  /** Host and port of a daemon's proxy. */
  String proxyAddress(String daemon) throws IOException {
    return place().address() + ":" + cluster.port(daemon + ".proxy");
  }

  /**
   * Runs a program where the cluster is, with nothing of this process's environment but the path.
   *
   * @param command may begin with assignments, such as {@code http_proxy=...}
   * @return what it printed; an exit code other than 0 is an error
   */
  String run(List<String> command) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(place().enter());
    String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin";
    all.addAll(List.of("timeout", "-k", "5", LIMIT_SECONDS));
    all.addAll(List.of("env", "-i", "PATH=" + path, "HOME=" + directory, "LC_ALL=C.UTF-8"));
    all.addAll(command);
    return Tool.run(all);
  }

  String run(String... command) throws IOException, InterruptedException {
    return run(List.of(command));
  }

  /** Runs {@code dragonfly setup} on a directory that stands for /; root's home is in it. */
  static void setUp(Path root, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--root", root.toString()));
    setUp("/root", root, all);
  }

  /** Runs {@code dragonfly setup} for a user of this machine. */
  static void setUpUser(Path home, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--user");
    setUp(home.toString(), home, all);
  }

  private static void setUp(String home, Path directory, List<String> all) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(said, true, UTF_8);
    Terminal terminal =
        new Terminal(out, out, Map.of("HOME", home), directory, /* interactive= */ false);
    int code = Setup.run(all.toArray(String[]::new), terminal);
    assertThat(code).as(said.toString(UTF_8)).isZero();
  }

  /** The certificate of a daemon's authority, which it uses from then on. */
  Path authority(String daemon) throws IOException, InterruptedException {
    Path file = newDirectory().resolve("dragonfly.pem");
    List<String> command = new ArrayList<>(Launcher.ofClassPath().command("ca"));
    String config = cluster.configuration(daemon).toString();
    command.addAll(List.of("export", "--config", config, "--output", file.toString()));
    Tool.run(command);
    return file;
  }

  /** What a daemon says of its downloads so far. */
  Traffic traffic(String daemon) throws IOException, InterruptedException {
    String metrics = metrics(daemon);
    return new Traffic(
        sum(metrics, "download_traffic\\S*type=\"LOCAL_PEER\"\\S*"),
        sum(metrics, "download_traffic\\S*type=\"REMOTE_PEER\"\\S*"),
        sum(metrics, "download_traffic\\S*type=\"BACK_TO_SOURCE\"\\S*"));
  }

  /** What is done on one host. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  /** What a daemon delivered during an action that ends with its downloads. */
  Traffic during(String daemon, Action action) throws Exception {
    Traffic before = traffic(daemon);
    action.run();
    await()
        .atMost(SETTLE)
        .until(() -> sum(metrics(daemon), "concurrent_download_task_total\\S*") == 0);
    return traffic(daemon).minus(before);
  }

  /** What is done on a host. */
  @FunctionalInterface
  interface Get {
    void through(String daemon) throws Exception;
  }

  /**
   * Both hosts get something, one after the other; what the second has comes from its peers, and
   * the origin is read once.
   */
  void assertReadOnce(Content content, Get get) throws Exception {
    during(ONE, () -> get.through(ONE));
    assertFromPeers(content, get);
    assertRead(1, content);
  }

  /** The second host gets something, and all of it from its peers. */
  void assertFromPeers(Content content, Get get) throws Exception {
    Traffic two = during(TWO, () -> get.through(TWO));
    assertThat(two.origin()).as("bytes of the second host from the origin").isZero();
    assertThat(two.peers()).as("bytes from peers").isGreaterThanOrEqualTo(content.bytes());
  }

  /** The origin has sent something, and no more than so many times. */
  static void assertRead(int atMost, Content content) {
    await()
        .atMost(SETTLE)
        .untilAsserted(() ->
            assertThat(content.read())
                .as("bytes of %s from the origin", content.name())
                .isBetween(content.bytes(), atMost * content.bytes() * 101 / 100));
  }

  /** Bytes in the finished pieces of a daemon. */
  long storedBytes(String daemon) throws IOException, InterruptedException {
    return sum(metrics(daemon), "stored_bytes");
  }

  private String metrics(String daemon) throws IOException, InterruptedException {
    String url =
        "http://" + place().address() + ":" + cluster.port(daemon + ".metrics") + "/metrics";
    return run(Tool.CURL.path(), "-sS", "--fail", url);
  }

  private static long sum(String metrics, String name) {
    Matcher matcher =
        Pattern.compile("^dragonfly_client_" + name + " (\\S+)$", Pattern.MULTILINE)
            .matcher(metrics);
    return matcher.results().mapToLong(match -> (long) Double.parseDouble(match.group(1))).sum();
  }

  @Override
  public void close() throws IOException {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
    Directories.delete(directory);
  }
}
