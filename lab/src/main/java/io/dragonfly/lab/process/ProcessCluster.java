package io.dragonfly.lab.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A scheduler and daemons, each a process of its own, configured by files in upstream's words; on
 * 127.0.0.1 unless they are given other places. Each daemon has a host name of its own. {@link
 * #close} kills what still runs.
 */
public final class ProcessCluster implements AutoCloseable {
  /** The name of the scheduler among the members. */
  public static final String SCHEDULER = "scheduler";

  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final Path directory;
  private final int schedulerPort;
  private final Launcher launcher;
  private final Function<String, Location> locations;
  private final Map<String, Program> programs = new HashMap<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private long clusterId;
  private String protocol = "tcp";

  /** A cluster without members; its files go below {@code directory}, which should be short. */
  public ProcessCluster(Path directory) throws IOException {
    this(directory, freePort(), Launcher.ofClassPath());
  }

  /** A cluster whose daemons use the scheduler on {@code schedulerPort}, whoever runs it. */
  public ProcessCluster(Path directory, int schedulerPort) throws IOException {
    this(directory, schedulerPort, Launcher.ofClassPath());
  }

  /** A cluster of programs that {@code launcher} starts. */
  public ProcessCluster(Path directory, int schedulerPort, Launcher launcher) throws IOException {
    this(directory, schedulerPort, launcher, _ -> Location.LOOPBACK);
  }

  /** A cluster whose members run at the places that {@code locations} gives for their names. */
  public ProcessCluster(
      Path directory, int schedulerPort, Launcher launcher, Function<String, Location> locations)
      throws IOException {
    this.directory = Files.createDirectories(directory);
    this.schedulerPort = schedulerPort;
    this.launcher = launcher;
    this.locations = locations;
  }

  /** Daemons that are started from now on belong to a scheduler cluster of a manager. */
  public void inCluster(long id) {
    clusterId = id;
  }

  /** Daemons that are started from now on fetch pieces over QUIC where they can. */
  public void overQuic() {
    protocol = "quic";
  }

  public int schedulerPort() {
    return schedulerPort;
  }

  /** Starts the scheduler, again on the same port when it was stopped. */
  public Program startScheduler() throws IOException, InterruptedException {
    Path config = directory.resolve("scheduler.yaml");
    Files.writeString(
        config,
        """
        server:
          advertiseIP: %1$s
          listenIP: %1$s
          port: %2$d
          advertisePort: %2$d
          host: lab-scheduler
        """
            .formatted(address(SCHEDULER), schedulerPort));
    Program program =
        launch(
            SCHEDULER,
            directory.resolve("scheduler.log"),
            "scheduler",
            List.of(
                "--config",
                config.toString(),
                "--dynconfig",
                directory.resolve("scheduler-dynconfig.yaml").toString(),
                "--console"));
    programs.put(SCHEDULER, program);
    program.awaitListening(schedulerPort, START_LIMIT);
    return program;
  }

  /** Starts a seed peer. */
  public Program startSeed(String name) throws IOException, InterruptedException {
    return startDaemon(name, "seedPeer:\n  enable: true\n  type: super\n");
  }

  /** Starts a normal peer. */
  public Program startPeer(String name) throws IOException, InterruptedException {
    return startDaemon(name, "");
  }

  /**
   * Starts a normal peer whose proxy mirrors a registry, for as many requests as it can answer.
   *
   * @param registry a URL
   */
  public Program startMirror(String name, String registry)
      throws IOException, InterruptedException {
    return startDaemon(
        name,
        """
            requestRateLimit: 1000000
          registryMirror:
            addr: %s
        """
            .formatted(registry));
  }

  /**
   * Starts a daemon and waits until it serves its unix socket. A daemon of a known name gets the
   * same directory and ports again.
   *
   * @param extra more of its configuration, as YAML that follows the port of proxy.server
   */
  public Program startDaemon(String name, String extra) throws IOException, InterruptedException {
    Path home = Files.createDirectories(directory.resolve(name));
    int upload = port(name + ".upload");
    Path config = configuration(name);
    Files.writeString(
        config,
        """
        host:
          hostname: %1$s
          ip: %2$s
          schedulerClusterID: %10$d
        download:
          protocol: %11$s
          server:
            socketPath: %3$s
        upload:
          server:
            ip: %2$s
            port: %4$d
        storage:
          dir: %5$s
          keep: true
          server:
            ip: %2$s
            tcpPort: %6$d
            quicPort: 0
        scheduler:
          announceInterval: 5s
        health:
          server:
            ip: %2$s
            port: %7$d
        metrics:
          server:
            ip: %2$s
            port: %8$d
        proxy:
          server:
            ip: %2$s
            port: %9$d
        """
                .formatted(
                    name,
                    address(name),
                    socket(name),
                    upload,
                    home.resolve("storage"),
                    port(name + ".tcp"),
                    port(name + ".health"),
                    port(name + ".metrics"),
                    port(name + ".proxy"),
                    clusterId,
                    protocol)
            + extra);
    Path dynconfig = home.resolve("dynconfig.yaml");
    Files.writeString(
        dynconfig, "scheduler:\n  addrs: [\"" + address(SCHEDULER) + ":" + schedulerPort + "\"]\n");
    Program program =
        launch(
            name,
            home.resolve("dfdaemon.log"),
            "dfdaemon",
            List.of(
                "--config", config.toString(), "--dynconfig", dynconfig.toString(), "--console"));
    programs.put(name, program);
    program.awaitListening(port(name + ".health"), START_LIMIT);
    return program;
  }

  public Program program(String name) {
    Program program = programs.get(name);
    if (program == null) {
      throw new IllegalArgumentException("no program " + name);
    }
    return program;
  }

  /** The unix socket of a daemon. */
  public Path socket(String name) {
    return directory.resolve(name).resolve("d.sock");
  }

  /** The configuration of a daemon. */
  public Path configuration(String name) {
    return directory.resolve(name).resolve("dfdaemon.yaml");
  }

  /** The directory of a daemon's pieces. */
  public Path storage(String name) {
    return directory.resolve(name).resolve("storage");
  }

  /** The port on which a daemon serves {@code kind}: upload, tcp, health, metrics or proxy. */
  public int port(String nameAndKind) throws IOException {
    Integer known = ports.get(nameAndKind);
    if (known == null) {
      known = freePort();
      ports.put(nameAndKind, known);
    }
    return known;
  }

  /** Starts a dfget against a daemon; it runs on its own. */
  public Program dfget(String daemon, String url, Path output, String... more) throws IOException {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("-e", socket(daemon).toString(), url, "-O", output.toString()));
    arguments.addAll(List.of(more));
    Path log = Files.createTempFile(directory, "dfget-", ".log");
    return launch(daemon, log, "dfget", arguments);
  }

  private String address(String name) {
    return locations.apply(name).address();
  }

  private Program launch(String name, Path log, String role, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(locations.apply(name).enter());
    command.addAll(launcher.command(role));
    command.addAll(arguments);
    return Program.start(log, command);
  }

  /** A port of 127.0.0.1 that nobody uses now, and that nobody gets who did not ask for it. */
  public static int freePort() throws IOException {
    return FreePorts.next();
  }

  @Override
  public void close() {
    programs.values().forEach(Program::close);
  }
}
