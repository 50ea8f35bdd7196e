package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

class OriginWidthTest {
  private static final long STEP = 50_000_000L;
  private static final double MEBI = 1 << 20;

  private OriginWidth width = new OriginWidth(4, 16);
  private long now;

  /** Lets an origin give so many bytes a second for a number of requests. */
  private void seconds(double seconds, IntToDoubleFunction origin) {
    for (int i = 0; i < seconds * 20; i++) {
      width.underWay(width.now(), now);
      now += STEP;
      width.bytes((long) (origin.applyAsDouble(width.now()) / 20), now);
    }
  }

  @Test
  void itIsAskedMoreWhileEachRequestAddsItsPart() {
    seconds(30, requests -> requests * MEBI);
    assertThat(width.now()).isBetween(15, 16);
  }

  @Test
  void itIsAskedByAsManyAsFillTheWay() {
    seconds(60, requests -> Math.min(requests, 7.2) * MEBI);
    assertThat(width.now()).isBetween(6, 8);
  }

  @Test
  void itIsAskedLessWhereOneRequestBringsAll() {
    int[] most = {0};
    seconds(
        30,
        requests -> {
          most[0] = Math.max(most[0], requests);
          return 4 * MEBI;
        });
    assertThat(width.now()).isLessThanOrEqualTo(2);
    assertThat(most[0]).as("one more was tried").isEqualTo(5);
  }

  @Test
  void fewerAreNotKeptWhereLessComes() {
    width = new OriginWidth(4, 4);
    seconds(60, requests -> requests * MEBI);
    assertThat(width.now()).isBetween(3, 4);
    double[] sum = {0};
    seconds(
        64,
        requests -> {
          sum[0] += requests;
          return requests * MEBI;
        });
    assertThat(sum[0] / (64 * 20)).isGreaterThan(3.9);
  }

  @Test
  void itIsAskedLessWhenItsWayGetsNarrowAndMoreWhenItGetsWide() {
    seconds(30, requests -> requests * MEBI);
    seconds(140, _ -> 2 * MEBI);
    assertThat(width.now()).isLessThanOrEqualTo(3);
    seconds(140, requests -> requests * MEBI);
    assertThat(width.now()).isGreaterThanOrEqualTo(12);
  }

  @Test
  void nothingIsMeasuredWhileOtherNumbersAreUnderWay() {
    for (int i = 0; i < 1000; i++) {
      width.underWay(3, now);
      now += STEP;
      width.bytes(1 << 20, now);
    }
    assertThat(width.now()).isEqualTo(4);
  }

  @Test
  void oneMoreThatIsRefusedIsTakenBack() {
    seconds(1.7, requests -> requests * MEBI);
    assertThat(width.now()).isEqualTo(5);
    width.broke(OptionalInt.of(429), now);
    assertThat(width.now()).isEqualTo(2);
    for (int piece = 0; piece < 10 * OriginWidth.PIECES_TO_WIDEN; piece++) {
      width.pieceDone();
    }
    assertThat(width.now()).isEqualTo(4);
    seconds(7, requests -> requests * MEBI);
    assertThat(width.now()).as("it is left alone for a while").isEqualTo(4);
  }

  @Test
  void anOriginThatIsAskedTooMuchIsAskedByHalfAsMany() {
    width.broke(OptionalInt.of(429), 0);
    assertThat(width.now()).isEqualTo(2);
    width.broke(OptionalInt.of(503), 0);
    assertThat(width.now()).isEqualTo(1);
    width.broke(OptionalInt.of(503), 0);
    assertThat(width.now()).isEqualTo(1);
  }

  @Test
  void otherFailuresChangeNothing() {
    width.broke(OptionalInt.empty(), 0);
    width.broke(OptionalInt.of(500), 0);
    width.broke(OptionalInt.of(404), 0);
    assertThat(width.now()).isEqualTo(4);
  }

  @Test
  void itIsAskedMoreAgainAsItGives() {
    width.broke(OptionalInt.of(429), 0);
    width.broke(OptionalInt.of(429), 0);
    for (int more = 1; more <= 5; more++) {
      for (int piece = 0; piece < OriginWidth.PIECES_TO_WIDEN; piece++) {
        width.pieceDone();
      }
      assertThat(width.now()).isEqualTo(Math.min(4, 1 + more));
    }
  }
}
