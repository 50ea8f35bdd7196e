package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.download.PieceNews.News;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Who hears when of which piece. Children are named by letters; the content has 20 pieces. */
class PieceNewsTest {
  private static final int PIECES = 20;
  private static final long SECOND = 1_000_000_000L;

  private long now;

  private static BitSet pieces(int... numbers) {
    BitSet set = new BitSet();
    for (int number : numbers) {
      set.set(number);
    }
    return set;
  }

  private static BitSet all() {
    BitSet set = new BitSet();
    set.set(0, PIECES);
    return set;
  }

  private static List<String> names(String letters) {
    return letters.chars().mapToObj(Character::toString).toList();
  }

  private PieceNews<String> host(boolean seed, String children, BitSet here) {
    PieceNews<String> news = new PieceNews<>(PIECES, seed, new SplittableRandom(1));
    for (String child : names(children)) {
      assertThat(news.join(child, all(), here, pieces(), now)).hasSize(0);
    }
    return news;
  }

  private static Set<String> children(List<News<String>> news) {
    return news.stream().map(News::child).collect(Collectors.toSet());
  }

  @Test
  void aWholePieceIsToldToAllAndOnce() {
    PieceNews<String> news = host(false, "abcdefgh", pieces());
    assertThat(children(news.held(3, now))).hasSize(8);
    assertThat(news.tick(now + SECOND)).isEmpty();
    assertThat(news.join("i", all(), pieces(3), pieces(), now))
        .containsExactly(new News<>("i", 3, true));
  }

  @Test
  void aPieceThatComesBackIsToldAgain() {
    PieceNews<String> news = host(false, "ab", pieces());
    assertThat(news.held(3, now)).hasSize(2);
    assertThat(news.held(3, now)).hasSize(2);
  }

  @Test
  void aChildHearsOnlyOfWhatItWants() {
    PieceNews<String> news = host(false, "a", pieces());
    assertThat(news.join("b", pieces(7), pieces(), pieces(), now)).isEmpty();
    assertThat(children(news.held(3, now))).containsExactly("a");
    assertThat(children(news.begun(8, now))).containsExactly("a");
    assertThat(children(news.held(7, now))).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void aPieceThatComesInIsToldToFewAndToOthersAsUploadsEnd() {
    PieceNews<String> news = host(false, "abcdefgh", pieces());
    Set<String> first = children(news.begun(3, now));
    assertThat(first).hasSize(PieceNews.LEAST_SENT);
    for (int i = 0; i < PieceNews.LEAST_SENT; i++) {
      assertThat(news.sending(3, now)).isEmpty();
    }
    assertThat(news.tick(now + SECOND)).isEmpty();
    List<News<String>> next = news.sent(3, true, now + SECOND);
    assertThat(next).hasSize(1).allMatch(one -> !one.whole() && !first.contains(one.child()));
    assertThat(children(news.held(3, now + SECOND))).hasSize(8);
  }

  @Test
  void whoDoesNotAskForWhatItWasToldLeavesItsPlaceToOthers() {
    PieceNews<String> news = host(false, "abcdefgh", pieces());
    assertThat(news.begun(3, now)).hasSize(PieceNews.LEAST_SENT);
    assertThat(news.wakeAt()).isEqualTo(now + PieceNews.UNTAKEN);
    assertThat(news.tick(now + PieceNews.UNTAKEN - 1)).isEmpty();
    assertThat(news.tick(now + PieceNews.UNTAKEN)).hasSize(PieceNews.LEAST_SENT);
    assertThat(news.wakeAt()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void theMorePiecesComeInTheMoreAreSent() {
    PieceNews<String> news = host(false, "abcdefgh", pieces());
    int told = 0;
    for (int piece = 0; piece < 6; piece++) {
      told += news.begun(piece, now).size();
    }
    assertThat(told).isEqualTo(6 * PieceNews.SENT_FOR_EACH);
    assertThat(news.stopped(5, now)).isEmpty();
    assertThat(news.tick(now + SECOND)).hasSize(5 * PieceNews.SENT_FOR_EACH);
  }

  @Test
  void whatComesInAlreadyIsToldToWhoComes() {
    PieceNews<String> news = host(false, "a", pieces());
    assertThat(news.join("b", all(), pieces(1), pieces(4), now))
        .contains(new News<>("b", 1, true), new News<>("b", 4, false));
    assertThat(news.begun(4, now)).contains(new News<>("a", 4, false));
  }

  @Test
  void aSeedGivesEachNewPieceToOneChild() {
    PieceNews<String> news = host(true, "abcdefgh", pieces());
    assertThat(news.held(0, now)).containsExactly(new News<>("a", 0, true));
    assertThat(news.held(1, now)).containsExactly(new News<>("b", 1, true));
    assertThat(news.sending(0, now)).isEmpty();
    assertThat(news.sending(1, now)).isEmpty();
    now += SECOND;
    // Who has it all gets another when it is its turn.
    assertThat(news.sent(0, true, now)).isEmpty();
    for (int piece = 2; piece < 8; piece++) {
      assertThat(news.held(piece, now)).hasSize(1);
    }
    assertThat(news.held(8, now)).containsExactly(new News<>("a", 8, true));
    assertThat(news.held(9, now)).as("all have one").isEmpty();
    assertThat(news.sent(1, true, now)).containsExactly(new News<>("b", 9, true));
  }

  @Test
  void piecesThatWereThereBeforeTheFirstChildrenGoToOneEach() {
    PieceNews<String> news = new PieceNews<>(PIECES, true, new SplittableRandom(1));
    for (String child : names("abcdef")) {
      assertThat(news.join(child, all(), pieces(0, 1, 2), pieces(), now))
          .hasSize("abc".contains(child) ? 1 : 0);
    }
  }

  @Test
  void aPieceOpensToAllSomeTimeAfterItWasSent() {
    PieceNews<String> news = host(true, "abcdefgh", pieces());
    assertThat(news.held(0, now)).hasSize(1);
    assertThat(news.sending(0, now)).isEmpty();
    assertThat(news.sent(0, true, now)).isEmpty();
    assertThat(news.wakeAt()).isEqualTo(now + FirstCopies.AFTERWARDS);
    assertThat(children(news.tick(now + FirstCopies.AFTERWARDS))).hasSize(7);
  }

  @Test
  void aPieceOpensToAllWhenItsChildDoesNotAsk() {
    PieceNews<String> news = host(true, "abcdefgh", pieces());
    assertThat(news.held(0, now)).hasSize(1);
    assertThat(news.wakeAt()).isEqualTo(now + FirstCopies.NOT_TAKEN);
    assertThat(children(news.tick(now + FirstCopies.NOT_TAKEN))).hasSize(7);
  }

  @Test
  void aPieceOpensToAllWhenItsChildIsSlowOrGivesItUpOrGoesAway() {
    PieceNews<String> news = host(true, "abcdefgh", pieces());
    assertThat(news.held(0, now)).hasSize(1);
    assertThat(news.sending(0, now)).isEmpty();
    assertThat(news.tick(now + FirstCopies.NOT_SENT - 1)).isEmpty();
    assertThat(children(news.tick(now + FirstCopies.NOT_SENT))).hasSize(7);

    assertThat(news.held(1, now)).hasSize(1);
    assertThat(children(news.sent(1, false, now))).hasSize(7);

    String child = news.held(2, now).getFirst().child();
    assertThat(children(news.leave(child, now))).hasSize(7).doesNotContain(child);
  }

  @Test
  void aSeedThatHasSentEverythingOnceTellsAll() {
    PieceNews<String> news = host(true, "abcdefgh", pieces());
    int told = 0;
    for (int piece = 0; piece < PIECES; piece++) {
      told += news.held(piece, now).size();
      assertThat(news.sending(piece, now)).isEmpty();
      told += news.sent(piece, true, now).size();
    }
    assertThat(told).isEqualTo(8 * PIECES);
  }

  @Test
  void aSeedThatHasEverythingTellsEverybodyAtOnce() {
    PieceNews<String> news = new PieceNews<>(PIECES, true, new SplittableRandom(1));
    assertThat(news.join("a", all(), all(), pieces(), now)).hasSize(PIECES);
    assertThat(news.join("b", all(), all(), pieces(), now)).hasSize(PIECES);
  }

  @Test
  void aSeedWithFewChildrenTellsThemAll() {
    PieceNews<String> news = host(true, "ab", pieces());
    assertThat(news.held(0, now)).hasSize(1);
    now += FirstCopies.GATHERING;
    assertThat(children(news.held(1, now))).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void whoHasLeftHearsNothing() {
    PieceNews<String> news = host(false, "ab", pieces());
    assertThat(news.leave("a", now)).isEmpty();
    assertThat(children(news.held(0, now))).containsExactly("b");
  }
}
