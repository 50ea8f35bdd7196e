package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses of the link and metadata services, where they are closed. */
@Timeout(60)
final class ForbiddenAddressTest {
  private static SourceOptions.Builder closed() {
    return TestSource.options().allowLinkLocal(false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://100.100.100.200/",
        "http://[fd00:ec2::254]/",
        "http://2852039166/"
      })
  void nobodyIsLedThere(String url) throws Exception {
    try (TestOrigin origin =
            TestOrigin.start((request, wire) ->
                wire.head("HTTP/1.1 302 Found", "Location: " + url, "Content-Length: 0"));
        HttpSource source = TestSource.create(closed().allowPlainAfterTls(true))) {
      for (String begin : new String[] {url, origin.url("/redirect")}) {
        OriginException failure = TestSource.failure(source, OriginRequest.of(begin));
        assertThat(failure.kind()).isEqualTo(Kind.FORBIDDEN);
        assertThat(failure).hasMessageContaining("backend.allowLinkLocal");
      }
    }
  }

  @Test
  void noProxyLeadsThereEither() throws Exception {
    try (TestOrigin proxy = TestOrigin.start(TestOrigin.serving(new byte[10]));
        HttpSource source =
            TestSource.create(
                closed().environment(Map.of("HTTP_PROXY", "http://127.0.0.1:" + proxy.port())))) {
      for (String host : List.of("169.254.169.254", "0xA9FEA9FE", "0251.0376.0251.0376")) {
        assertThat(TestSource.failure(source, OriginRequest.of("http://" + host + "/")).kind())
            .isEqualTo(Kind.FORBIDDEN);
      }
      assertThat(proxy.requests()).isEmpty();
    }
  }

  @Test
  void othersAreReadAsBefore() throws Exception {
    byte[] content = TestSource.content(1000);
    try (TestOrigin origin = TestOrigin.start(TestOrigin.serving(content));
        HttpSource source = TestSource.create(closed())) {
      OriginResponse response = source.open(OriginRequest.of(origin.url("localhost", "/a")));
      assertThat(TestSource.readAll(response)).isEqualTo(content);
    }
  }
}
