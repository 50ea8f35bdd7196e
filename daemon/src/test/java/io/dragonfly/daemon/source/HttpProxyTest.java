package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way through an HTTP proxy of the environment. */
@Timeout(60)
final class HttpProxyTest {
  private static final byte[] CONTENT = TestSource.content(1000);

  private static HttpSource through(TestOrigin proxy, String user) {
    String url = "http://" + user + "127.0.0.1:" + proxy.port();
    return TestSource.create(
        TestSource.options().environment(Map.of("HTTP_PROXY", url, "https_proxy", url)));
  }

  @Test
  void plainOriginIsAskedForByItsWholeUrl() throws Exception {
    try (TestOrigin proxy = TestOrigin.start(TestOrigin.serving(CONTENT));
        HttpSource source = through(proxy, "")) {
      OriginResponse response =
          source.open(
              OriginRequest.of("http://origin.example/a?b").withRange(OriginRange.between(0, 5)));

      assertThat(TestSource.readAll(response)).hasSize(5);
      assertThat(proxy.lastRequest().target()).isEqualTo("http://origin.example/a?b");
      assertThat(proxy.lastRequest().header("host")).hasValue("origin.example");
    }
  }

  @Test
  void proxyThatAsksForThemGetsUserAndPassword() throws Exception {
    try (TestOrigin proxy =
            TestOrigin.start((request, wire) -> {
              if (request.header("proxy-authorization").isEmpty()) {
                wire.head(
                    "HTTP/1.1 407 Proxy",
                    "Proxy-Authenticate: Basic realm=\"p\"",
                    "Content-Length: 0");
              } else {
                TestOrigin.serve(request, wire, CONTENT);
              }
            });
        HttpSource source = through(proxy, "me:p%40ss@")) {
      assertThat(TestSource.readAll(source.open(OriginRequest.of("http://origin.example/a"))))
          .isEqualTo(CONTENT);

      String expected =
          Base64.getEncoder().encodeToString("me:p@ss".getBytes(StandardCharsets.UTF_8));
      assertThat(proxy.lastRequest().header("proxy-authorization")).hasValue("Basic " + expected);
    }
  }

  @Test
  void tlsOriginIsReachedByATunnelAndItsRefusalIsTold() throws Exception {
    try (TestOrigin proxy =
            TestOrigin.start((request, wire) -> wire.head("HTTP/1.1 403 No", "Content-Length: 0"));
        HttpSource source = through(proxy, "")) {
      OriginException failure =
          TestSource.failure(
              source,
              OriginRequest.of("https://origin.example/a")
                  .withHeaders(Map.of("Authorization", "Bearer secret")));

      assertThat(proxy.lastRequest().method()).isEqualTo("CONNECT");
      assertThat(proxy.lastRequest().target()).isEqualTo("origin.example:443");
      assertThat(proxy.lastRequest().headers()).doesNotContainKey("authorization");
      assertThat(failure.kind()).isEqualTo(Kind.REFUSED);
      assertThat(failure).hasMessageContaining("proxy");
    }
  }

  @Test
  void loopbackIsNeverReachedThroughAProxy() throws Exception {
    try (TestOrigin proxy = TestOrigin.start(TestOrigin.serving(new byte[0]));
        TestOrigin origin = TestOrigin.start(TestOrigin.serving(CONTENT));
        HttpSource source = through(proxy, "")) {
      assertThat(TestSource.readAll(source.open(OriginRequest.of(origin.url("/a")))))
          .isEqualTo(CONTENT);
      assertThat(proxy.requests()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "*                      | a.example   | false",
        "example                | a.example   | false",
        ".example               | a.example   | false",
        "*.example              | a.example   | false",
        "example                | aexample    | true",
        "b.example, a.example   | a.example   | false",
        "a.example:80           | a.example   | false",
        "a.example:81           | a.example   | true",
        "10.0.0.0/8             | 10.200.1.1  | false",
        "10.0.0.0/8             | 11.0.0.1    | true",
        "10.1.2.3               | 10.1.2.3    | false",
        "10.1.2.3               | 10.1.2.4    | true",
        "fd00::/8               | fd12::1     | false",
        "[fd12::1]:80           | fd12::1     | false",
        "10.0.0.0/99            | 10.0.0.1    | true",
        "other                  | localhost   | false",
        "other                  | x.localhost | false",
        "other                  | 127.9.9.9   | false",
        "other                  | ::1         | false",
        "''                     | a.example   | true",
      })
  void exceptionsAreReadTheCustomaryWay(String exceptions, String host, boolean proxied) {
    ProxyRules rules =
        ProxyRules.of(Map.of("http_proxy", "proxy.example:3128", "NO_PROXY", exceptions));

    assertThat(rules.proxyFor("http", host, 80).isPresent()).isEqualTo(proxied);
  }

  @Test
  void schemesHaveTheirOwnProxies() {
    ProxyRules rules =
        ProxyRules.of(
            Map.of(
                "HTTP_PROXY", "http://[fd00::1]:8080/",
                "http_proxy", "",
                "ALL_PROXY", "user@all.example",
                "HTTPS_PROXY", "socks5://no.example"));

    assertThat(rules.proxyFor("http", "a", 80))
        .get()
        .satisfies(p -> assertThat(p.host()).isEqualTo("fd00::1"))
        .satisfies(p -> assertThat(p.port()).isEqualTo(8080));
    assertThat(rules.proxyFor("https", "a", 443))
        .get()
        .satisfies(p -> assertThat(p.host()).isEqualTo("all.example"))
        .satisfies(p -> assertThat(p.port()).isEqualTo(80))
        .satisfies(p -> assertThat(p.toString()).doesNotContain("user"));
    assertThat(rules.proxies()).hasSize(2);
  }
}
