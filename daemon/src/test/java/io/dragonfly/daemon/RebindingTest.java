package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names that mean an origin when they are looked at and a metadata service when it counts. */
class RebindingTest {
  private static final String METADATA = "169.254.169.254";

  @TempDir Path dir;
  private ProxyOrigin origin;
  private ProxyDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(1000);
    daemon = ProxyDaemon.of(dir, "", "");
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
  }

  private String port() {
    return origin.base().substring(origin.base().lastIndexOf(':') + 1);
  }

  private String get(String url, String more) throws Exception {
    return daemon.raw(
        "GET " + url + " HTTP/1.1\r\nHost: h\r\nConnection: close" + more + "\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\r\nX-Dragonfly-Use-P2P: true"})
  void theConnectionItselfIsChecked(String more) throws Exception {
    String steady = ScriptedNames.name("steady", "127.0.0.1");
    assertThat(get("http://" + steady + ":" + port() + "/blobs/a", more))
        .startsWith("HTTP/1.1 200 ");
    int asked = origin.asked.size();

    for (String address : new String[] {METADATA, "fe80::1", "100.100.100.200"}) {
      String name = ScriptedNames.name("plain", "127.0.0.1", address);
      assertThat(get("http://" + name + ":" + port() + "/blobs/b", more))
          .startsWith("HTTP/1.1 403 ");
      assertThat(ScriptedNames.asked(name)).isGreaterThan(1);
    }
    assertThat(origin.asked).hasSize(asked);
  }

  @Test
  void aTunnelGoesWhereWasLooked() throws Exception {
    String name = ScriptedNames.name("tunnel", "127.0.0.1", METADATA);
    String inside = "GET /in HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assertThat(
            daemon.raw("CONNECT " + name + ":" + port() + " HTTP/1.1\r\nHost: h\r\n\r\n" + inside))
        .startsWith("HTTP/1.1 200 Connection Established\r\n\r\nHTTP/1.1 200 OK");
    assertThat(ScriptedNames.asked(name)).isEqualTo(1);

    String bad = ScriptedNames.name("bad", METADATA);
    assertThat(
            daemon.raw("CONNECT " + bad + ":80 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ");
  }

  @Test
  void soDoesWebSocket() throws Exception {
    String name = ScriptedNames.name("upgrade", "127.0.0.1", METADATA);
    String wish = "\r\nConnection: Upgrade\r\nUpgrade: websocket";
    assertThat(
            daemon.raw(
                "GET http://" + name + ":" + port() + "/x HTTP/1.1\r\nHost: h" + wish + "\r\n\r\n"))
        .startsWith("HTTP/1.1 200 OK");
    assertThat(ScriptedNames.asked(name)).isEqualTo(1);
  }

  @Test
  void aRedirectLeadsNowhereElse() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("Location", exchange.getRequestURI().getQuery());
          exchange.sendResponseHeaders(307, -1);
          exchange.close();
        });
    server.start();
    try {
      String base = "http://127.0.0.1:" + server.getAddress().getPort() + "/blobs/r?";
      String p2p = "\r\nX-Dragonfly-Use-P2P: true";
      String steady = ScriptedNames.name("steady", "127.0.0.1");
      assertThat(get(base + "http://" + steady + ":" + port() + "/blobs/c", p2p))
          .startsWith("HTTP/1.1 200 ");
      int asked = origin.asked.size();
      String name = ScriptedNames.name("redirect", METADATA);
      assertThat(get(base + "http://" + name + ":" + port() + "/blobs/d", p2p))
          .startsWith("HTTP/1.1 403 ");
      assertThat(ScriptedNames.asked(name)).isPositive();
      assertThat(origin.asked).hasSize(asked);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void insideOfHttpsItIsCheckedForEachRequest() throws Exception {
    Path ours = ProxyDaemon.export(dir);
    daemon.close();
    daemon = ProxyDaemon.of(dir, "", "rules: [{regex: 'rebound'}]");
    for (String[] addresses :
        new String[][] {{"127.0.0.1", METADATA}, {"127.0.0.1", "127.0.0.1", METADATA}}) {
      String name = ScriptedNames.name("inside" + addresses.length, addresses);
      ProxyDaemon.Run run =
          daemon.curl(
              "--cacert",
              ours.toString(),
              "-w",
              "%{http_code}",
              "-o",
              "/dev/null",
              "https://" + name + ":" + port() + "/x");
      assertThat(run.text()).isEqualTo("403");
    }
    assertThat(origin.asked).isEmpty();
  }
}
