package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PiecePickerTest {
  private static final int[] NOBODY_READS = {};

  private final PiecePicker picker = new PiecePicker(new SplittableRandom(7));

  private static BitSet range(int from, int to) {
    BitSet bits = new BitSet();
    bits.set(from, to);
    return bits;
  }

  @Test
  void nothingIsPickedFromNothing() {
    assertThat(picker.pick(new BitSet(), NOBODY_READS, new int[4])).isEmpty();
  }

  @Test
  void theRarestPieceComesFirst() {
    int[] holders = {3, 2, 1, 2, 3};
    for (int i = 0; i < 50; i++) {
      assertThat(picker.pick(range(0, 5), NOBODY_READS, holders)).hasValue(2);
    }
  }

  @Test
  void equallyRarePiecesArePickedByChance() {
    TreeSet<Integer> picked = new TreeSet<>();
    for (int i = 0; i < 500; i++) {
      picked.add(picker.pick(range(0, 8), NOBODY_READS, new int[8]).orElseThrow());
    }
    assertThat(picked).hasSize(8);
  }

  @Test
  void whereSomebodyReadsPiecesComeInOrder() {
    int[] holders = new int[64];
    holders[10] = 9;
    assertThat(picker.pick(range(10, 64), new int[] {10}, holders)).hasValue(10);
    assertThat(picker.pick(range(12, 64), new int[] {10}, holders)).hasValue(12);
  }

  @Test
  void farAheadOfTheReaderTheRarestComesFirstAgain() {
    int[] holders = new int[100];
    java.util.Arrays.fill(holders, 5);
    holders[90] = 1;
    assertThat(picker.pick(range(50, 100), new int[] {10}, holders)).hasValue(90);
  }

  @Test
  void theReaderThatCameFirstLeads() {
    assertThat(picker.pick(range(0, 64), new int[] {40, 3}, new int[64])).hasValue(40);
  }

  @Test
  void onlyCandidatesArePicked() {
    BitSet odd = new BitSet();
    for (int piece = 1; piece < 2000; piece += 2) {
      odd.set(piece);
    }
    for (int i = 0; i < 200; i++) {
      int piece = picker.pick(odd, NOBODY_READS, new int[2000]).orElseThrow();
      assertThat(odd.get(piece)).isTrue();
    }
  }
}
