package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.scheduler.swarm.SwarmDriver.Stream;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A content spreads over many peers: in each round everybody takes one piece from one of its
 * parents, and whoever reads the origin one from there.
 */
final class SwarmSpreadTest {
  private static final int PEERS = 2000;
  private static final int PIECES = 16;

  private final SwarmDriver driver = new SwarmDriver();
  private final SplittableRandom random = new SplittableRandom(7);
  private final Map<String, BitSet> held = new HashMap<>();

  @Test
  void aBurstOfPeersIsServedByOneReaderOfTheOrigin() {
    spread(/* extension= */ true);
  }

  @Test
  void aBurstOfUpstreamPeersIsServedByOneReaderOfTheOrigin() {
    spread(/* extension= */ false);
  }

  /** Everybody is a relay of what comes through somebody else; then the source of all is gone. */
  @Test
  void aSwarmThatHasJustBegunLosesItsReader() {
    begin(10 * PEERS);
    driver.swarm.deleteHost(new HostId("reader"), driver.now);
    SwarmInvariants.check(driver);
    assertThat(
            driver.peers.values().stream()
                .filter(stream -> stream.last(PeerOrder.OriginLease.class).isPresent()))
        .hasSize(2);
  }

  @Test
  void thoseWhoComeFirstDoNotKeepAllPlacesForEachOther() {
    begin(100);
    assertThat(driver.peers.values())
        .filteredOn(stream -> !stream.peer.value().equals("reader"))
        .allSatisfy(stream -> assertThat(stream.parents()).hasSizeGreaterThan(4));
  }

  /** Twelve children each: half of the peers are within four steps of the reader. */
  @Test
  void theWaysStayShortHoweverManyCome() {
    begin(PEERS);
    Map<String, Integer> steps = new HashMap<>();
    steps.put("reader", 0);
    for (int round = 1; round <= 7; round++) {
      Set<String> nearer = Set.copyOf(steps.keySet());
      for (Stream stream : driver.peers.values()) {
        if (stream.parents().stream().anyMatch(nearer::contains)) {
          steps.putIfAbsent(stream.peer.value(), round);
        }
      }
    }
    assertThat(steps).hasSize(PEERS + 1);
  }

  /** One reads the origin and has a piece; the others come one by one. */
  private void begin(int others) {
    driver.host("reader");
    Stream reader = driver.ours("reader");
    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(PIECES, "v")));
    driver.read(reader, 0, 1);
    for (int i = 0; i < others; i++) {
      driver.host("h" + i);
      driver.ours("h" + i);
    }
  }

  private void spread(boolean extension) {
    for (int i = 0; i < PEERS; i++) {
      String name = "h" + i;
      driver.host(name);
      Stream stream = extension ? driver.ours(name) : driver.upstream(name, PIECES);
      held.put(name, new BitSet());
      if (i == 0 && extension) {
        driver.report(stream, new PeerReport.ContentLearned(SwarmDriver.content(PIECES, "v")));
      }
    }
    Set<String> open = new HashSet<>(held.keySet());
    int rounds = 0;
    for (; !open.isEmpty() && rounds < 200; rounds++) {
      for (String name : List.copyOf(driver.peers.keySet())) {
        if (open.contains(name)) {
          step(name, extension, open);
        }
      }
      driver.pass(500);
    }
    SwarmInvariants.check(driver);
    long readers =
        driver.peers.values().stream()
            .filter(stream ->
                stream.last(PeerOrder.OriginLease.class).isPresent()
                    || stream.last(PeerOrder.NeedBackToSource.class).isPresent())
            .count();
    assertThat(readers).isEqualTo(1);
    assertThat(open).isEmpty();
    // 2000 peers, 8 children each: at least 4 hops and 16 pieces. Far below one after the other.
    assertThat(rounds).isLessThan(60);
    assertThat(driver.swarm.usage().edges()).isZero();
    assertThat(driver.swarm.usage().usedSlots()).isZero();
  }

  private void step(String name, boolean extension, Set<String> open) {
    Stream stream = driver.stream(name);
    BitSet mine = held.getOrDefault(name, new BitSet());
    boolean leads =
        stream.last(PeerOrder.OriginLease.class).isPresent()
            || stream.last(PeerOrder.NeedBackToSource.class).isPresent();
    if (!extension && !stream.orders.isEmpty() && mine.isEmpty()) {
      driver.report(stream, leads ? new PeerReport.OriginStarted() : new PeerReport.Started());
    }
    int piece = leads ? mine.nextClearBit(0) : pick(stream, mine);
    if (piece >= 0 && piece < PIECES) {
      mine.set(piece);
      driver.done(stream, piece);
    } else if (!extension && !stream.orders.isEmpty() && allFinished(stream, open)) {
      driver.report(stream, new PeerReport.Reschedule(List.of()));
    }
    if (mine.cardinality() == PIECES) {
      driver.finished(stream);
      open.remove(name);
    }
  }

  private static boolean allFinished(Stream stream, Set<String> open) {
    return stream.parents().stream().noneMatch(open::contains);
  }

  /** A piece that a parent has and this peer lacks; -1: none. */
  private int pick(Stream stream, BitSet mine) {
    BitSet offered = new BitSet();
    for (String parent : stream.parents()) {
      offered.or(held.getOrDefault(parent, new BitSet()));
    }
    offered.andNot(mine);
    if (offered.isEmpty()) {
      return -1;
    }
    int skip = random.nextInt(offered.cardinality());
    int piece = offered.nextSetBit(0);
    for (; skip > 0; skip--) {
      piece = offered.nextSetBit(piece + 1);
    }
    return piece;
  }
}
