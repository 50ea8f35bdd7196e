package io.dragonfly.dist;

import io.dragonfly.common.config.Keys;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.file.UserHome;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.lifecycle.ServerMain;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.daemon.Daemon;
import io.dragonfly.daemon.DaemonConfig;
import io.dragonfly.scheduler.Scheduler;
import io.dragonfly.scheduler.SchedulerConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What runs in a standalone. Prefers the usual ports and says so where it has to take others. */
final class StandaloneRole implements ServerMain.Role, AutoCloseable {
  private static final int SCHEDULER_PORT = 8002;
  private static final int UPLOAD_PORT = 4000;
  private static final int PIECE_PORT = 4005;
  private static final int PROXY_PORT = 4001;
  private static final int METRICS_PORT = 4002;
  private static final int HEALTH_PORT = 4003;

  private final DataDirectory data;
  private final String listen;
  private final PrintStream out;
  private final Closer closer = new Closer();

  StandaloneRole(DataDirectory data, String listen, PrintStream out) {
    this.data = data;
    this.listen = listen;
    this.out = out;
  }

  @Override
  public void start() throws StartException {
    InetAddress address = address();
    Scheduler scheduler = startScheduler(address);
    Path dynconfig = data.path().resolve("dynconfig.yaml");
    String schedulerHost = address.isAnyLocalAddress() ? "127.0.0.1" : literal(address);
    try {
      Files.writeString(
          dynconfig,
          """
          # Written at each start.
          scheduler:
            addrs: ["%s:%d"]
          """
              .formatted(schedulerHost, scheduler.port()));
    } catch (IOException e) {
      throw new StartException("cannot write " + dynconfig + ": " + FileProblem.of(e), e);
    }
    Daemon daemon = startDaemon(address, dynconfig);
    announce(address, scheduler, daemon);
  }

  private InetAddress address() throws StartException {
    try {
      return InetAddress.getByName(listen);
    } catch (UnknownHostException e) {
      throw new StartException(
          "cannot listen on '" + listen + "': it is no address of this machine.", e);
    }
  }

  private Scheduler startScheduler(InetAddress address) throws StartException {
    String yaml =
        """
        server: {listenIP: "%s", port: %d}
        """
            .formatted(address.getHostAddress(), port("the scheduler", address, SCHEDULER_PORT));
    Scheduler scheduler =
        new Scheduler(
            LocalCluster.parse(yaml, "scheduler.yaml", SchedulerConfig.class, Keys.ANY_CASE),
            Optional.empty());
    closer.add(scheduler);
    try {
      scheduler.start();
    } catch (IOException e) {
      throw new StartException("the scheduler cannot start: " + e.getMessage(), e);
    }
    return scheduler;
  }

  private Daemon startDaemon(InetAddress address, Path dynconfig) throws StartException {
    String directory = data.path().toString().replace("\\", "\\\\").replace("\"", "\\\"");
    String host =
        address.isAnyLocalAddress() ? "" : "host: {ip: \"%s\"}\n".formatted(literal(address));
    String yaml =
        host
            + """
            server: {cacheDir: "%1$s/cache"}
            download: {server: {socketPath: "%1$s/dfdaemon.sock"}}
            upload: {server: {ip: "%2$s", port: %3$d}}
            storage: {dir: "%1$s/data", keep: true, server: {ip: "%2$s", tcpPort: %4$d, quicPort: 0}}
            seedPeer: {enable: true, type: super}
            proxy: {server: {ip: "%2$s", port: %7$d}}
            metrics: {server: {ip: "%2$s", port: %5$d}}
            health: {server: {ip: "%2$s", port: %6$d}}
            stats: {server: {ip: "%2$s", port: 0}}
            """
                .formatted(
                    directory,
                    address.getHostAddress(),
                    port("the daemon", address, UPLOAD_PORT),
                    port("pieces", address, PIECE_PORT),
                    port("metrics", address, METRICS_PORT),
                    port("health", address, HEALTH_PORT),
                    port("the proxy", address, PROXY_PORT));
    Daemon daemon =
        new Daemon(
            LocalCluster.parse(yaml, "dfdaemon.yaml", DaemonConfig.class, Keys.EXACT), dynconfig);
    closer.add(daemon);
    daemon.start();
    return daemon;
  }

  /** The usual port, or 0 (any) if somebody has it. */
  private int port(String what, InetAddress address, int usual) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(address, usual));
      return usual;
    } catch (IOException e) {
      out.println("Port " + usual + " is taken; " + what + " gets a free one.");
      return 0;
    }
  }

  private static String literal(InetAddress address) {
    String text = address.getHostAddress();
    return text.indexOf(':') >= 0 ? "[" + text + "]" : text;
  }

  private void announce(InetAddress address, Scheduler scheduler, Daemon daemon) {
    String host = literal(address);
    String program = System.getProperty("dragonfly.command", "dragonfly");
    Path socket = daemon.socketPath();
    // dfget looks there by itself; any other place it has to be told.
    Optional<Path> usual = UserHome.standalone(System.getenv()).map(UserHome::socket);
    String endpoint = usual.equals(Optional.of(socket)) ? "" : "-e " + socket + " ";
    out.print(
        """
        Dragonfly is ready.
          scheduler  %1$s:%2$d
          daemon     %1$s:%3$d, pieces on port %4$d
          proxy      http://%1$s:%9$d, also a registry mirror
          metrics    http://%1$s:%5$d/metrics
          data       %6$s

        Download a file through it, for example:
          %7$s dfget %8$shttps://www.rfc-editor.org/rfc/rfc9110.txt -O rfc9110.txt

        Ctrl-C stops it.
        """
            .formatted(
                host,
                scheduler.port(),
                daemon.uploadPort(),
                daemon.piecePort(),
                daemon.metricsPort(),
                data.path(),
                program,
                endpoint,
                daemon.proxyPort()));
    out.flush();
  }

  @Override
  public void close() {
    closer.close();
  }
}
