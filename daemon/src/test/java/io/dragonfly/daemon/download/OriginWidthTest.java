package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class OriginWidthTest {
  private final OriginWidth width = new OriginWidth(4);

  @Test
  void anOriginThatIsAskedTooMuchIsAskedByHalfAsMany() {
    width.broke(OptionalInt.of(429));
    assertThat(width.now()).isEqualTo(2);
    width.broke(OptionalInt.of(503));
    assertThat(width.now()).isEqualTo(1);
    width.broke(OptionalInt.of(503));
    assertThat(width.now()).isEqualTo(1);
  }

  @Test
  void otherFailuresChangeNothing() {
    width.broke(OptionalInt.empty());
    width.broke(OptionalInt.of(500));
    width.broke(OptionalInt.of(404));
    assertThat(width.now()).isEqualTo(4);
  }

  @Test
  void itIsAskedMoreAgainAsItGives() {
    width.broke(OptionalInt.of(429));
    width.broke(OptionalInt.of(429));
    for (int more = 1; more <= 5; more++) {
      for (int piece = 0; piece < OriginWidth.PIECES_TO_WIDEN; piece++) {
        width.pieceDone();
      }
      assertThat(width.now()).isEqualTo(Math.min(4, 1 + more));
    }
  }
}
