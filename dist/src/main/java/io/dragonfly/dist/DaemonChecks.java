package io.dragonfly.dist;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.ClusterView;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether the daemon answers where its users ask it. */
final class DaemonChecks {
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final Patient patient;

  DaemonChecks(Patient patient) {
    this.patient = patient;
  }

  Finding socket(ClusterView view) {
    String check = "socket";
    if (Files.notExists(patient.socket())) {
      return Finding.fail(
          check,
          "there is no daemon at " + patient.socket(),
          "start one ('dfdaemon', or 'dragonfly standalone'), or name its socket with --endpoint");
    }
    try {
      view.ask(patient.socket(), PATIENCE);
      return Finding.pass(check, "the daemon answers at " + patient.socket());
    } catch (IOException e) {
      boolean forbidden = !Files.isWritable(patient.socket());
      return Finding.fail(
          check,
          "the daemon does not answer at " + patient.socket() + " (" + e.getMessage() + ")",
          forbidden
              ? "this user may not use it: run this as root, or join the group of"
                  + " download.server.socketGroup"
              : "look into its log, and start it again");
    }
  }

  Finding health() {
    HostPort place = patient.health();
    Answer answer = get(place, "/healthy");
    return answer.status() == 200
        ? Finding.pass("health", "http://" + place + "/healthy answers")
        : Finding.fail(
            "health",
            "http://" + place + "/healthy " + answer,
            "the port is health.server.port of " + patient.source());
  }

  Finding proxy() {
    HostPort place = patient.proxy();
    Answer answer = get(place, "/v2/");
    if (answer.status() == 0) {
      return Finding.fail(
          "proxy",
          "http://" + place + " " + answer,
          "the port is proxy.server.port of " + patient.source());
    }
    boolean ours = answer.registry() || patient.config().proxy().server().basicAuth().isPresent();
    return ours || answer.dragonfly()
        ? Finding.pass("proxy", "http://" + place + " answers as a registry mirror")
        : Finding.warn(
            "proxy",
            "http://" + place + " " + answer + ", which is not how a mirror answers",
            "another program may have the port");
  }

  /**
   * @param status 0 when there was none
   */
  private record Answer(int status, boolean registry, boolean dragonfly, String why) {
    @Override
    public String toString() {
      return status == 0 ? "does not answer (" + why + ")" : "answers " + status;
    }
  }

  private static Answer get(HostPort place, String path) {
    @Nullable HttpURLConnection connection = null;
    try {
      connection =
          (HttpURLConnection)
              URI.create("http://" + place + path).toURL().openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout((int) PATIENCE.toMillis());
      connection.setReadTimeout((int) PATIENCE.toMillis());
      connection.setInstanceFollowRedirects(false);
      int status = connection.getResponseCode();
      return new Answer(
          Math.max(status, 0),
          has(connection, "Docker-Distribution-Api-Version"),
          has(connection, "X-Dragonfly-Error-Type"),
          "it is not HTTP");
    } catch (IOException e) {
      return new Answer(0, false, false, String.valueOf(e.getMessage()));
    } finally {
      if (connection != null) {
        connection.disconnect();
      }
    }
  }

  private static boolean has(HttpURLConnection connection, String header) {
    return Optional.ofNullable(connection.getHeaderField(header)).isPresent();
  }
}
