package io.dragonfly.scheduler.origin;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class OriginVerdictTest {
  private static final OriginFailure SILENT =
      OriginFailure.found(OptionalInt.empty(), Map.of(), "connection refused");

  private final OriginVerdict verdict = new OriginVerdict();

  private static OriginFailure answered(int status) {
    return OriginFailure.found(OptionalInt.of(status), Map.of(), "no");
  }

  private void failed(String host, OriginFailure failure, long now) {
    verdict.failed(new HostId(host), failure, now);
  }

  @Test
  void oneHostMayBeAtFaultItself() {
    for (int i = 0; i < 10; i++) {
      failed("a", SILENT, i);
      failed("a", answered(503), i);
    }
    assertThat(verdict.standing(10)).isEmpty();
  }

  @Test
  void threeHostsThatGotNoAnswerSpeakForAll() {
    failed("a", SILENT, 0);
    failed("b", SILENT, 1);
    assertThat(verdict.standing(1)).isEmpty();
    failed("c", SILENT, 2);
    assertThat(verdict.standing(2)).hasValue(SILENT);
  }

  @Test
  void twoHostsThatWereAnsweredSpeakForAll() {
    failed("a", answered(503), 0);
    failed("b", answered(500), 1);
    assertThat(verdict.standing(1).orElseThrow().status()).hasValue(500);
  }

  @Test
  void itStandsForAWhileAndOneMoreFailureRenewsIt() {
    failed("a", answered(503), 0);
    failed("b", answered(503), 0);
    assertThat(verdict.standing(OriginVerdict.STANDING_MILLIS - 1)).isPresent();
    assertThat(verdict.standing(OriginVerdict.STANDING_MILLIS)).isEmpty();
    failed("c", answered(503), OriginVerdict.STANDING_MILLIS);
    assertThat(verdict.standing(OriginVerdict.STANDING_MILLIS)).isPresent();
  }

  @Test
  void whatWasFoundLongAgoDoesNotCount() {
    failed("a", SILENT, 0);
    failed("b", SILENT, 0);
    failed("c", SILENT, OriginVerdict.MEMORY_MILLIS);
    assertThat(verdict.standing(OriginVerdict.MEMORY_MILLIS)).isEmpty();
  }

  @Test
  void aPieceLiftsIt() {
    failed("a", answered(503), 0);
    failed("b", answered(503), 0);
    verdict.read();
    assertThat(verdict.standing(0)).isEmpty();
    failed("c", answered(503), 1);
    assertThat(verdict.standing(1)).isEmpty();
  }

  @Test
  void refusalsOfCredentialsAndFailuresWithoutATrySayNothing() {
    for (String host : new String[] {"a", "b", "c", "d"}) {
      failed(host, answered(403), 0);
      failed(host, OriginFailure.unknown("must not read"), 0);
    }
    assertThat(verdict.standing(0)).isEmpty();
  }
}
