package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which registry a request is for. */
class RegistriesTest {
  private final Registries registries = new Registries("https://usual.example/");

  @ParameterizedTest
  @CsvSource({
    "/v2/a/b/manifests/c, https://usual.example/v2/a/b/manifests/c",
    "/v2/a/manifests/c?ns=docker.io, https://registry-1.docker.io/v2/a/manifests/c",
    "/v2/a/manifests/c?ns=ghcr.io&n=1, https://ghcr.io/v2/a/manifests/c?n=1",
    "/v2/a/manifests/c?n=1&ns=r.example%3A5000, https://r.example:5000/v2/a/manifests/c?n=1",
    "/v2/a/manifests/c?ns=http://r.example, http://r.example/v2/a/manifests/c",
    "/v2/a/manifests/c?ns=localhost:5000, http://localhost:5000/v2/a/manifests/c",
    "/v2/a/manifests/c?ns=[::1]:5000, http://[::1]:5000/v2/a/manifests/c",
    "/v2/a/manifests/c?ns=, https://usual.example/v2/a/manifests/c",
    "/ghcr.io/v2/a/b/blobs/x, https://ghcr.io/v2/a/b/blobs/x",
    "/v2/ghcr.io/a/b/blobs/x, https://ghcr.io/v2/a/b/blobs/x",
    "/v2/localhost:5000/a/blobs/x, http://localhost:5000/v2/a/blobs/x",
    "/v2/docker.io/library/a/tags/list, https://registry-1.docker.io/v2/library/a/tags/list",
    "/v2/, https://usual.example/v2/"
  })
  void isFoundInWhatTheRequestNames(String target, String url) throws Exception {
    assertThat(registries.url(target, null)).isEqualTo(url);
  }

  @Test
  void theHeaderComesBeforeEverythingElse() throws Exception {
    assertThat(registries.url("/v2/ghcr.io/a/tags/list?ns=quay.io", "http://r.example:1"))
        .isEqualTo("http://r.example:1/v2/ghcr.io/a/tags/list");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "u:p@r.example", "r.example:99999", "https://", "http://[::1"})
  void aNameThatIsNoneIsRefused(String name) {
    assertThatThrownBy(() -> registries.url("/v2/a/tags/list", name)).isInstanceOf(Refusal.class);
  }

  @Test
  void whatIsNamedByItsDigestIsKnown() {
    String digest = "sha256:" + "0".repeat(64);
    assertThat(Registries.digest("https://r/v2/a/b/blobs/" + digest + "?x=1")).isPresent();
    assertThat(Registries.digest("https://r/v2/a/b/manifests/" + digest)).isPresent();
    assertThat(Registries.digest("https://r/v2/a/b/manifests/latest")).isEmpty();
    assertThat(Registries.digest("https://r/v2/a/b/blobs/uploads/" + digest)).isEmpty();
    assertThat(Registries.digest("https://r/other/" + digest)).isEmpty();
  }
}
