package io.dragonfly.common.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OriginScopeTest {
  private static final List<String> DROPPABLE = List.of("X-Amz-Signature", "X-Amz-Date");
  private static final String DIGEST = "sha256:" + "0a".repeat(32);

  private static String of(String url) {
    return OriginScope.of(url, DROPPABLE);
  }

  @Test
  void aPlaceIsTheUrlWithoutWhatDoesNotTellContentsApart() {
    String place = of("https://h/f?v=1");
    assertThat(place).matches("[0-9a-f]{64}");
    assertThat(of("https://me:secret@h/f?X-Amz-Signature=a&v=1&X-Amz-Date=b#c")).isEqualTo(place);
    assertThat(of("https://h/f?v=2")).isNotEqualTo(place);
    assertThat(of("https://other/f?v=1")).isNotEqualTo(place);
    assertThat(of("http://h/f?v=1")).isNotEqualTo(place);
  }

  @Test
  void aRegistryDecidesForEachRepository() {
    String place = of("https://r/v2/team/app/blobs/" + DIGEST);
    assertThat(of("https://r/v2/team/app/manifests/" + DIGEST.replace("0a", "0b") + "?ns=r"))
        .isEqualTo(place);
    assertThat(of("https://r/v2/team/other/blobs/" + DIGEST)).isNotEqualTo(place);
    assertThat(of("https://evil/v2/team/app/blobs/" + DIGEST)).isNotEqualTo(place);
    assertThat(of("https://r/v2/team/app/manifests/latest")).isNotEqualTo(place);
  }

  @Test
  void onlyWhatIsAskedForWithCredentialsIsGuarded() {
    assertThat(OriginScope.guard("https://h/f", List.of("Accept"), DROPPABLE)).isEmpty();
    assertThat(OriginScope.guard("https://h/f?v=1", List.of(), DROPPABLE)).isEmpty();
    assertThat(OriginScope.guard("https://h/f", List.of("Authorization"), DROPPABLE))
        .isEqualTo(of("https://h/f"));
    assertThat(OriginScope.guard("https://me@h/f", List.of(), DROPPABLE))
        .isEqualTo(of("https://h/f"));
    assertThat(OriginScope.guard("https://h/f?X-Amz-Signature=a", List.of(), DROPPABLE))
        .isEqualTo(of("https://h/f"));
  }
}
