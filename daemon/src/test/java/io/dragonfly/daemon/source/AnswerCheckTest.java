package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.source.AnswerCheck.Head;
import io.dragonfly.daemon.source.AnswerCheck.Verdict;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The corners of the table that no test with sockets reaches. */
final class AnswerCheckTest {
  private static final Optional<Validators> FIRST_LOOK = Optional.empty();

  private static Verdict check(
      OriginRange range, boolean part, Optional<Validators> expected, Head head) {
    return new AnswerCheck(range, part, expected).check(head);
  }

  private static Head head(int status, long length, String contentRange) {
    return new Head(
        status,
        length < 0 ? OptionalLong.empty() : OptionalLong.of(length),
        contentRange.isEmpty() ? Optional.empty() : Optional.of(contentRange),
        true,
        Map.of());
  }

  private static Optional<Validators> length(long length) {
    return Optional.of(new Validators(Optional.empty(), Optional.empty(), OptionalLong.of(length)));
  }

  @Test
  void partThatNobodyAskedForIsBad() {
    assertThat(check(OriginRange.whole(), false, FIRST_LOOK, head(206, 10, "bytes 0-9/10")))
        .isInstanceOf(Verdict.Bad.class);
  }

  @Test
  void partMustBeginAndEndWhereItWasAskedTo() {
    OriginRange range = OriginRange.between(10, 20);

    assertThat(check(range, true, FIRST_LOOK, head(206, 10, "bytes 10-19/30")))
        .isInstanceOf(Verdict.Accepted.class);
    assertThat(check(range, true, FIRST_LOOK, head(206, 9, "bytes 11-19/30")))
        .isInstanceOf(Verdict.Bad.class);
    assertThat(check(range, true, FIRST_LOOK, head(206, 11, "bytes 9-19/30")))
        .isInstanceOf(Verdict.Bad.class);
    assertThat(check(range, true, FIRST_LOOK, head(206, 9, "bytes 10-18/30")))
        .isInstanceOf(Verdict.Bad.class);
    assertThat(check(range, true, FIRST_LOOK, head(206, 11, "bytes 10-20/*")))
        .isInstanceOf(Verdict.Bad.class);
  }

  @Test
  void refusedRangeOfAKnownVersionIsRefusedUnlessTheLengthDiffers() {
    OriginRange range = OriginRange.from(0);

    assertThat(check(range, true, length(10), head(416, 0, "bytes */10")))
        .isEqualTo(new Verdict.Refused());
    assertThat(check(range, true, length(10), head(416, 0, "bytes */0")))
        .isInstanceOf(Verdict.Changed.class);
    assertThat(check(range, true, length(10), head(416, 0, ""))).isEqualTo(new Verdict.Refused());
  }

  @Test
  void secondRefusalAfterAskingForTheWholeIsFinal() {
    assertThat(check(OriginRange.from(0), false, FIRST_LOOK, head(416, 0, "")))
        .isEqualTo(new Verdict.Refused());
  }

  @Test
  void wholeAfterAskingAgainNeverClaimsToBeAPart() {
    assertThat(check(OriginRange.between(0, 5), false, FIRST_LOOK, head(200, 10, "")))
        .isEqualTo(
            new Verdict.Accepted(
                0, OptionalLong.of(10), OptionalLong.of(10), false, length(10).orElseThrow()));
  }

  @Test
  void wholeOfAKnownVersionIsAcceptedIfItFits() {
    assertThat(check(OriginRange.whole(), false, length(10), head(200, 10, "")))
        .isInstanceOf(Verdict.Accepted.class);
    assertThat(check(OriginRange.whole(), false, length(10), head(200, 11, "")))
        .isInstanceOf(Verdict.Changed.class);
  }

  @Test
  void statusesWithoutContentAreBad() {
    for (int status : new int[] {202, 204, 205, 300, 304, 399}) {
      assertThat(check(OriginRange.whole(), false, FIRST_LOOK, head(status, 0, "")))
          .isInstanceOf(Verdict.Bad.class);
    }
  }

  @Test
  void numbersBeyondALongDoNotOverflow() {
    assertThat(
            check(
                OriginRange.from(0),
                true,
                FIRST_LOOK,
                head(206, -1, "bytes 0-99999999999999999999/100000000000000000000")))
        .isInstanceOf(Verdict.Bad.class);
  }
}
