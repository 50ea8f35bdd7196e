package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.daemon.source.SourceOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OriginAccessTest {
  private static final Map<String, String> ENVIRONMENT =
      Map.of("https_proxy", "http://env:1", "NO_PROXY", "a.example", "HOME", "/root");

  @TempDir Path dir;

  private static SourceOptions options(String backend) throws Exception {
    SourceOptions.Builder options = SourceOptions.builder();
    DaemonConfig config = Daemon.configuration("backend: {" + backend + "}");
    OriginAccess.of(config.backend(), ENVIRONMENT, options);
    return options.build();
  }

  @Test
  void theProxyOfTheEnvironmentCountsUnlessOneIsConfigured() throws Exception {
    assertThat(options("maxRetries: 1").environment()).isEqualTo(ENVIRONMENT);
    assertThat(options("proxy: 'http://u:p@proxy:3128'").environment())
        .containsEntry("ALL_PROXY", "http://u:p@proxy:3128")
        .containsEntry("HTTPS_PROXY", "")
        .containsEntry("NO_PROXY", "a.example")
        .doesNotContainKey("https_proxy");
    assertThat(options("proxy: '', noProxy: b.example").environment())
        .containsEntry("ALL_PROXY", "")
        .containsEntry("NO_PROXY", "b.example");
  }

  @Test
  void aProxyThatIsNoneIsRefusedWithoutItsPassword() {
    assertThatThrownBy(() -> options("proxy: 'socks5://u:s3cret@proxy'"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("backend.proxy")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void originsAreNamedWithOrWithoutAPort() throws Exception {
    SourceOptions options =
        options("origins: [{host: Registry.Example}, {host: '[::1]:5000'}, {host: 'a:80'}]");
    assertThat(options.origins())
        .extracting(origin -> origin.host() + " " + origin.port())
        .containsExactly("registry.example 0", "::1 5000", "a 80");
  }

  @Test
  void whatIsWrongWithAnOriginIsSaidWithItsKey() throws Exception {
    Path text = Files.writeString(dir.resolve("text.pem"), "no certificate");
    assertThatThrownBy(() -> options("origins: [{host: a}, {host: b, caCert: " + text + "}]"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("backend.origins[1].caCert: cannot use " + text);
    assertThatThrownBy(() -> options("origins: [{host: a, cert: " + text + ", key: " + text + "}]"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("backend.origins[0]")
        .hasMessageContaining("text.pem");
    assertThatThrownBy(() -> options("origins: [{host: a, cert: " + text + "}]"))
        .hasMessageContaining("a certificate needs its key");
    assertThatThrownBy(() -> options("origins: [{host: 'a:99999'}]"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("backend.origins[0].host");
  }
}
