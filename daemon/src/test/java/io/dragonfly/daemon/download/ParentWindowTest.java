package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.link.ParentInfo;
import org.junit.jupiter.api.Test;

/** How many requests fill the way to a parent. */
final class ParentWindowTest {
  private static final long PIECE = 4 << 20;
  private static final long MILLI = 1_000_000;

  private final Parent parent =
      new Parent(new ParentInfo(new PeerId("p"), new HostId("h"), "10.0.0.1", 4000, false));

  /** Pieces that take so long each, with so many others in flight. */
  private void delivers(int others, long millis, long waitMillis) {
    parent.running = others;
    parent.measured(PIECE, millis * MILLI);
    parent.answered(waitMillis * MILLI, PIECE);
    parent.delivered();
  }

  @Test
  void aParentThatAnswersAtOnceIsAskedForFourPiecesAtATime() {
    for (int i = 0; i < 20; i++) {
      delivers(3, 300, 1);
    }
    assertThat(parent.window()).isEqualTo(4);
  }

  @Test
  void whatIsUnderWayInARoundTripIsAskedForBeside() {
    // Four in flight take 400 ms each: a piece each 100 ms, two of them in a round trip of 200 ms.
    for (int i = 0; i < 20; i++) {
      delivers(3, 400, 200);
    }
    assertThat(parent.window()).isEqualTo(6);
  }

  @Test
  void aWaitThatIsNotTheWayDoesNotCount() {
    delivers(3, 400, 1);
    delivers(3, 400, 390); // It had others to serve.
    assertThat(parent.window()).isEqualTo(4);
  }

  @Test
  void noParentIsAskedForMoreThanSixteen() {
    for (int i = 0; i < 20; i++) {
      delivers(15, 1000, 990);
    }
    assertThat(parent.window()).isEqualTo(16);
    delivers(15, 1000, 0);
    assertThat(parent.window()).isEqualTo(16);
  }
}
