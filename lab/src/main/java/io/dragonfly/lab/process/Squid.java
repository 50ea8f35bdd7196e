package io.dragonfly.lab.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * squid in front of one origin, as a cache for whoever asks it instead. It keeps all in memory,
 * which spares it the disk, and lets those who ask for the same at once wait for one answer.
 */
public final class Squid implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  /** Whom Debian's squid becomes when root starts it. */
  private static final String USER = "proxy";

  private final Program program;
  private final Location location;
  private final int port;

  private Squid(Program program, Location location, int port) {
    this.program = program;
    this.location = location;
    this.port = port;
  }

  /**
   * Starts it.
   *
   * @param origin whose answers it keeps
   * @param own an existing directory for its configuration and logs, which will be its user's
   * @param cacheBytes what it may keep
   */
  public static Squid start(Location location, Nginx origin, Path own, long cacheBytes)
      throws IOException, InterruptedException {
    int port = ProcessCluster.freePort();
    Path config = own.resolve("squid.conf");
    Files.writeString(
        config,
        """
        http_port %2$s:%3$d accel defaultsite=%4$s no-vhost
        cache_peer %4$s parent %5$d 0 no-query no-digest originserver name=origin
        http_access allow all
        cache_mem %6$d KB
        maximum_object_size_in_memory %6$d KB
        maximum_object_size %6$d KB
        memory_cache_shared off
        collapsed_forwarding on
        max_filedescriptors 8192
        shutdown_lifetime 0 seconds
        pinger_enable off
        netdb_filename none
        access_log none
        pid_filename %1$s/squid.pid
        cache_log %1$s/squid.log
        coredump_dir %1$s
        """
            .formatted(
                own,
                location.address(),
                port,
                origin.location().address(),
                origin.port(),
                cacheBytes >> 10));
    if ("root".equals(System.getProperty("user.name"))) {
      UserPrincipal user =
          own.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(USER);
      Files.setOwner(own, user);
    }
    List<String> command = new ArrayList<>(location.enter());
    command.addAll(List.of(Tool.SQUID.path(), "-N", "-f", config.toString()));
    Program program = Program.start(own.resolve("squid.out"), command);
    program.awaitListening(port, START_LIMIT);
    return new Squid(program, location, port);
  }

  public long pid() {
    return program.pid();
  }

  /** The URL of what the origin has at that path. */
  public String url(String path) {
    return "http://" + location.address() + ":" + port + "/" + path;
  }

  @Override
  public void close() {
    program.close();
  }
}
