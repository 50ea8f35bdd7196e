package io.dragonfly.common.piece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.MessageDigest;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class TinyContentTest {
  private static ContentInfo content(long length) {
    return ContentInfo.of(length, 4 << 20, "v", Map.of());
  }

  @Test
  void itHas1To128Bytes() {
    assertThat(TinyContent.of(new byte[128]).bytes()).hasSize(128);
    assertThatThrownBy(() -> TinyContent.of(new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TinyContent.of(new byte[129]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("129");
  }

  @Test
  void onlyWhatIsSmallAndUnguardedMayBeOne() {
    assertThat(TinyContent.mayBe(content(1))).isTrue();
    assertThat(TinyContent.mayBe(content(128))).isTrue();
    assertThat(TinyContent.mayBe(content(0))).isFalse();
    assertThat(TinyContent.mayBe(content(129))).isFalse();
    assertThat(TinyContent.mayBe(content(128).guardedBy("place"))).isFalse();
    assertThat(TinyContent.mayBe(new ContentInfo(OptionalLong.empty(), 0, "v", Map.of())))
        .isFalse();
  }

  @Test
  void itMatchesOnlyItsOwnRootAndLength() throws Exception {
    byte[] bytes = {1, 2, 3};
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    PieceRoot root = PieceRoot.of(sha.digest(sha.digest(bytes)));
    TinyContent tiny = TinyContent.of(bytes);
    assertThat(tiny.matches(content(3), root)).isTrue();
    assertThat(tiny.matches(content(4), root)).isFalse();
    assertThat(tiny.matches(content(3).guardedBy("place"), root)).isFalse();
    assertThat(TinyContent.of(new byte[] {1, 2, 4}).matches(content(3), root)).isFalse();
  }
}
