package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class SchedulerSilenceTest {
  private static final InetSocketAddress ONE = new InetSocketAddress("10.0.0.1", 8002);
  private static final InetSocketAddress TWO = new InetSocketAddress("10.0.0.2", 8002);

  private final SchedulerSilence silence = new SchedulerSilence(10);

  @Test
  void aSchedulerIsProbedAfterSilenceOnceForAllCalls() {
    silence.begun(ONE, 100);
    silence.begun(ONE, 103);
    silence.begun(TWO, 105);
    assertThat(silence.due(109)).isEmpty();
    assertThat(silence.due(110)).containsExactly(ONE);
    assertThat(silence.due(115)).containsExactly(TWO);
    assertThat(silence.due(1000)).isEmpty();
  }

  @Test
  void aWordOfAnyCallEndsTheSilence() {
    silence.begun(ONE, 100);
    silence.heard(ONE, 108);
    assertThat(silence.due(117)).isEmpty();
    assertThat(silence.due(118)).containsExactly(ONE);
  }

  @Test
  void aSchedulerThatAnswersIsNotLostAndProbedAgainLater() {
    silence.begun(ONE, 100);
    assertThat(silence.due(110)).containsExactly(ONE);
    silence.answered(ONE, 112);
    assertThat(silence.due(121)).isEmpty();
    assertThat(silence.due(122)).containsExactly(ONE);
  }

  @Test
  void twoProbesInARowWithoutAnAnswerAreALoss() {
    silence.begun(ONE, 100);
    assertThat(silence.due(110)).containsExactly(ONE);
    assertThat(silence.unanswered(ONE, 114)).isFalse();
    assertThat(silence.due(114)).as("the second follows at once").containsExactly(ONE);
    assertThat(silence.unanswered(ONE, 118)).isTrue();
  }

  @Test
  void anAnswerBetweenTwoLostProbesStartsTheCountAnew() {
    silence.begun(ONE, 100);
    assertThat(silence.due(110)).containsExactly(ONE);
    assertThat(silence.unanswered(ONE, 114)).isFalse();
    assertThat(silence.due(114)).containsExactly(ONE);
    silence.answered(ONE, 115);
    assertThat(silence.due(125)).containsExactly(ONE);
    assertThat(silence.unanswered(ONE, 129)).isFalse();
  }

  @Test
  void aWordDuringAProbeCountsAsItsAnswer() {
    silence.begun(ONE, 100);
    assertThat(silence.due(110)).containsExactly(ONE);
    assertThat(silence.unanswered(ONE, 114)).isFalse();
    assertThat(silence.due(114)).containsExactly(ONE);
    silence.heard(ONE, 116);
    assertThat(silence.unanswered(ONE, 118)).isFalse();
    assertThat(silence.due(125)).isEmpty();
    assertThat(silence.due(126)).containsExactly(ONE);
  }

  @Test
  void afterALossNewCallsHaveTheWholeTimeAgain() {
    silence.begun(ONE, 100);
    silence.due(110);
    silence.unanswered(ONE, 114);
    silence.due(114);
    assertThat(silence.unanswered(ONE, 118)).isTrue();
    silence.begun(ONE, 119);
    silence.ended(ONE);
    assertThat(silence.due(127)).isEmpty();
    assertThat(silence.due(128)).containsExactly(ONE);
    assertThat(silence.unanswered(ONE, 132)).isFalse();
  }

  @Test
  void nobodyIsProbedForCallsThatAreOver() {
    silence.begun(ONE, 100);
    assertThat(silence.anyCalls()).isTrue();
    silence.ended(ONE);
    assertThat(silence.anyCalls()).isFalse();
    assertThat(silence.due(1000)).isEmpty();

    silence.begun(ONE, 2000);
    assertThat(silence.due(2010)).containsExactly(ONE);
    silence.ended(ONE);
    assertThat(silence.unanswered(ONE, 2014)).isFalse();
    silence.begun(ONE, 3000);
    assertThat(silence.due(3009)).as("what was before does not count").isEmpty();
  }
}
