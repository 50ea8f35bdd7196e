package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may use a proxy that wants a name and a password, by whatever kind of request. */
class ProxyAccessTest {
  private static final String RIGHT =
      "Basic " + Base64.getEncoder().encodeToString("u:p".getBytes(US_ASCII));
  private static final String WRONG =
      "Basic " + Base64.getEncoder().encodeToString("u:q".getBytes(US_ASCII));

  @TempDir Path dir;
  private ProxyOrigin origin;

  @BeforeEach
  void open() throws Exception {
    origin = new ProxyOrigin(1000);
  }

  @AfterEach
  void close() {
    origin.close();
  }

  private ProxyDaemon daemon(String more) throws Exception {
    return ProxyDaemon.of(dir, ", basicAuth: {username: u, password: p" + more + "}", "");
  }

  private String absolute(String... lines) {
    return request("GET " + origin.base() + "/v2/a/manifests/1", lines);
  }

  private String mirror(String... lines) {
    List<String> all = new ArrayList<>(List.of(lines));
    all.add("X-Dragonfly-Registry: " + origin.base());
    return request("GET /v2/a/manifests/1", all.toArray(String[]::new));
  }

  private String connect(String... lines) {
    return request("CONNECT " + origin.base().substring("http://".length()), lines);
  }

  private static String request(String start, String... lines) {
    StringBuilder text = new StringBuilder(start + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
    for (String line : lines) {
      text.append(line).append("\r\n");
    }
    return text.append("\r\n").toString();
  }

  @Test
  void isNamedToTheProxyAndARegistrysOwnCredentialsPassBeside() throws Exception {
    try (ProxyDaemon daemon = daemon("")) {
      for (String request :
          List.of(absolute(), mirror(), connect(), absolute("Authorization: " + RIGHT))) {
        assertThat(daemon.raw(request))
            .startsWith("HTTP/1.1 407 ")
            .contains("proxy-authenticate: Basic realm=\"dragonfly\"");
      }
      String wrong = "Proxy-Authorization: " + WRONG;
      assertThat(daemon.raw(absolute(wrong))).startsWith("HTTP/1.1 407 ");
      assertThat(daemon.raw(mirror(wrong))).startsWith("HTTP/1.1 407 ");
      assertThat(origin.asked).isEmpty();

      String[] right = {"Proxy-Authorization: " + RIGHT, "Authorization: Bearer x"};
      for (String request : List.of(absolute(right), mirror(right))) {
        assertThat(daemon.raw(request)).startsWith("HTTP/1.1 200 ");
        assertThat(origin.asked.getLast().headers())
            .doesNotContainKey("Proxy-authorization")
            .containsEntry("Authorization", List.of("Bearer x"));
      }
    }
  }

  @Test
  void isNamedAsToUpstreamsProxyWhereThatIsWanted() throws Exception {
    try (ProxyDaemon daemon = daemon(", useAuthorization: true")) {
      String wrong = "Authorization: " + WRONG;
      String elsewhere = "Proxy-Authorization: " + RIGHT;
      for (String request :
          List.of(absolute(), mirror(), absolute(wrong), mirror(wrong), absolute(elsewhere))) {
        assertThat(daemon.raw(request))
            .startsWith("HTTP/1.1 401 ")
            .contains("www-authenticate: Basic realm=\"dragonfly\"");
      }
      // What has no space passes upstream's check.
      assertThat(daemon.raw(absolute("Authorization: x"))).startsWith("HTTP/1.1 401 ");
      assertThat(origin.asked).isEmpty();

      String right = "Authorization: " + RIGHT;
      for (String request : List.of(absolute(right), mirror(right))) {
        assertThat(daemon.raw(request)).startsWith("HTTP/1.1 200 ");
        assertThat(origin.asked.getLast().headers()).doesNotContainKey("Authorization");
      }
      assertThat(daemon.raw(connect(right))).startsWith("HTTP/1.1 407 ");
      assertThat(daemon.raw(connect(elsewhere) + request("GET /in")))
          .startsWith("HTTP/1.1 200 Connection Established\r\n\r\nHTTP/1.1 200 ");
    }
  }
}
