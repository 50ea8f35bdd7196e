package io.dragonfly.cli;

import io.dragonfly.cli.download.DaemonClient;
import io.dragonfly.cli.download.DirectDownload;
import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadFailure.Reason;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.cli.download.ProgressListener;
import io.dragonfly.cli.rpc.GrpcDaemonClient;
import io.dragonfly.common.file.UserHome;
import io.dragonfly.daemon.source.SourceOptions;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the way to the content, best first: the daemon over the line protocol (it writes the file,
 * or we do if it may not), the daemon over gRPC if it does not know that protocol, the origin
 * itself if no daemon answers.
 */
final class Fetch {
  private static final Path SYSTEM_SOCKET = Path.of("/var/run/dragonfly/dfdaemon.sock");

  /** As OpenSSL and Go name it; here the file adds to the authorities that Java trusts. */
  private static final String AUTHORITIES = "SSL_CERT_FILE";

  private final DownloadSpec spec;
  private final Optional<String> endpoint;
  private final Terminal terminal;
  private final ProgressListener progress;
  private final Ticker ticker;
  private final boolean talkative;

  Fetch(
      DownloadSpec spec,
      Optional<String> endpoint,
      Terminal terminal,
      @Nullable ProgressBar bar,
      Ticker ticker,
      boolean talkative) {
    this.spec = spec;
    this.endpoint = endpoint;
    this.terminal = terminal;
    this.progress = bar != null ? bar : new Silence();
    this.ticker = ticker;
    this.talkative = talkative;
  }

  Outcome run() throws DownloadFailure {
    List<DownloadFailure> unreachable = new ArrayList<>(2);
    for (Path socket : sockets()) {
      DaemonClient client;
      try {
        client = DaemonClient.connect(socket);
      } catch (DownloadFailure e) {
        if (e.reason() != Reason.UNREACHABLE && e.reason() != Reason.ABSENT) {
          throw e;
        }
        unreachable.add(e);
        continue;
      }
      say("downloading through the daemon at " + socket);
      return through(client);
    }
    return direct(why(unreachable));
  }

  /** Where a daemon may be; only the one that was named, if one was. */
  private List<Path> sockets() throws DownloadFailure {
    if (endpoint.isPresent()) {
      String text = endpoint.get();
      String path = text.startsWith("unix://") ? text.substring("unix://".length()) : text;
      if (path.isEmpty()) {
        throw DownloadFailure.of("the endpoint is empty: name the daemon's unix socket");
      }
      return List.of(terminal.directory().resolve(path));
    }
    List<Path> sockets = new ArrayList<>(2);
    sockets.add(SYSTEM_SOCKET);
    UserHome.standalone(terminal.environment()).map(UserHome::socket).ifPresent(sockets::add);
    return sockets;
  }

  private Outcome through(DaemonClient client) throws DownloadFailure {
    Path socket = client.socket();
    try {
      return attempt(client, spec.stream());
    } catch (DownloadFailure e) {
      if (ticker.isExpired()) {
        throw e;
      }
      if (e.reason() == Reason.OUTPUT_REFUSED) {
        say("the daemon may not write " + spec.output() + ", so it sends the content");
        return attempt(DaemonClient.connect(socket), true);
      }
      if (e.reason() == Reason.CHANGED && !spec.disableBackToSource() && !spec.forceHardLink()) {
        return direct(String.valueOf(e.getMessage()));
      }
      if (e.reason() == Reason.OTHER_PROTOCOL) {
        if (spec.bytesPerSecond().isPresent()) {
          throw DownloadFailure.of(
              "the daemon at "
                  + socket
                  + " is not this program's, and knows no --limit-rate: leave it out");
        }
        say("the daemon does not speak the line protocol; using gRPC");
        return overGrpc(socket);
      }
      throw e;
    }
  }

  private Outcome attempt(DaemonClient client, boolean stream) throws DownloadFailure {
    try (client) {
      ticker.watch(client);
      return client.download(spec, stream, progress);
    }
  }

  private Outcome overGrpc(Path socket) throws DownloadFailure {
    try (GrpcDaemonClient client = new GrpcDaemonClient(socket, spec)) {
      ticker.watch(client);
      return client.download(spec, progress);
    }
  }

  private Outcome direct(String why) throws DownloadFailure {
    if (spec.disableBackToSource()) {
      throw DownloadFailure.of(
          why + ", and --disable-back-to-source forbids to read the origin from here");
    }
    if (spec.forceHardLink()) {
      throw DownloadFailure.of(why + ", and --force-hard-link needs one");
    }
    terminal.err().println("dfget: " + why + "; downloading straight from the origin");
    try (DirectDownload download = new DirectDownload(options())) {
      ticker.watch(download);
      return download.download(spec, progress);
    }
  }

  private SourceOptions options() {
    SourceOptions.Builder options =
        SourceOptions.builder()
            .userAgent("dragonfly-dfget")
            .http2(false) // one request alone gains nothing by it
            .environment(terminal.environment());
    String authorities = terminal.environment().getOrDefault(AUTHORITIES, "");
    if (!authorities.isEmpty()) {
      try {
        options.caCertificates(terminal.directory().resolve(authorities));
      } catch (IOException | InvalidPathException e) {
        // Origins that need none of them are read all the same; the others are refused.
        terminal
            .err()
            .println(
                "dfget: trusting only Java's authorities, for "
                    + AUTHORITIES
                    + "="
                    + authorities
                    + " cannot be used: "
                    + e.getMessage());
      }
    }
    return options.build();
  }

  private String why(List<DownloadFailure> unreachable) {
    if (endpoint.isPresent()) {
      return String.valueOf(unreachable.getFirst().getMessage());
    }
    for (DownloadFailure failure : unreachable) {
      // A socket that is there and does not answer is worth a word; one that is not there is not.
      if (failure.reason() == Reason.UNREACHABLE) {
        return String.valueOf(failure.getMessage());
      }
    }
    return "no daemon is running on this host";
  }

  private void say(String what) {
    if (talkative) {
      terminal.err().println("dfget: " + what);
    }
  }

  /** For a pipe, where nobody looks at a bar. */
  private static final class Silence implements ProgressListener {
    @Override
    public void started(long length) {}

    @Override
    public void progress(long bytes) {}
  }
}
