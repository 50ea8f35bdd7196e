package io.dragonfly.common.piece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ContentInfoTest {
  @Test
  void headersAreFoundInAnyCase() {
    ContentInfo content = ContentInfo.of(10, 4, "v1", Map.of("Content-Type", "text/plain"));

    assertThat(content.header("content-TYPE")).contains("text/plain");
    assertThat(content.header("etag")).isEmpty();
    assertThat(content.layout()).isEqualTo(new PieceLayout(10, 4));
  }

  @Test
  void theLayoutNeedsTheLength() {
    ContentInfo content = new ContentInfo(OptionalLong.empty(), 0, "", Map.of());

    assertThatThrownBy(content::layout).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void headersThatExceedTheLimitsAreDropped() {
    Map<String, String> many = new LinkedHashMap<>();
    for (int i = 0; i < 100; i++) {
      many.put("X-" + i, "value");
    }
    assertThat(ContentInfo.of(1, 1, "", many).headers())
        .hasSize(64)
        .containsKey("X-63")
        .doesNotContainKey("X-64");

    Map<String, String> large = new LinkedHashMap<>();
    large.put("A", "a".repeat(16_000));
    large.put("B", "b".repeat(1_000));
    large.put("C", "c");
    assertThat(ContentInfo.of(1, 1, "", large).headers()).containsOnlyKeys("A", "C");
  }

  @Test
  void headersThatCouldBreakAResponseAreDropped() {
    Map<String, String> headers =
        Map.of("A", "x\r\nSet-Cookie: y", "B\n", "x", "", "x", "C:", "x", "D", "a\tb");

    assertThat(ContentInfo.of(1, 1, "", headers).headers()).containsOnlyKeys("D");
  }

  @Test
  void headersCannotBeChangedLater() {
    Map<String, String> headers = new LinkedHashMap<>(Map.of("A", "1"));
    ContentInfo content = ContentInfo.of(1, 1, "", headers);
    headers.put("A", "2");

    assertThat(content.header("A")).contains("1");
    assertThatThrownBy(() -> content.headers().put("B", "1"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void whatMakesNoLayoutIsRefused() {
    assertThatThrownBy(() -> ContentInfo.of(-1, 4, "", Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ContentInfo.of(1, 0, "", Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ContentInfo.of(1L << 40, 1, "", Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ContentInfo(OptionalLong.empty(), -1, "", Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ContentInfo.of(1, 1, "v".repeat(1025), Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
