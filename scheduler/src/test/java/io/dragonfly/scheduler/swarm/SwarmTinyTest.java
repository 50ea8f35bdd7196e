package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import io.dragonfly.scheduler.swarm.SwarmDriver.Stream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Content of at most 128 bytes, which travels in the answer. */
final class SwarmTinyTest {
  private static final TinyContent BYTES = TinyContent.of(new byte[] {1, 2, 3});
  private static final ContentInfo CONTENT = ContentInfo.of(3, SwarmDriver.PIECE, "v1", Map.of());

  private final SwarmDriver driver = new SwarmDriver();

  private static PieceRoot root(TinyContent content) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(content.bytes());
    return BlockHashes.of(hash).root();
  }

  /** Reads the origin, reports the piece, says the bytes and is finished. */
  private void readBy(String name, ContentInfo content, TinyContent said) throws Exception {
    driver.host(name);
    Stream reader = driver.ours(name);
    assertThat(reader.last(PeerOrder.OriginLease.class)).isPresent();
    driver.report(reader, new PeerReport.ContentLearned(content));
    driver.report(
        reader,
        new PeerReport.PiecesDone(
            List.of(new DonePiece(0, Optional.of(root(BYTES)), Optional.empty()))));
    driver.report(reader, new PeerReport.Tiny(said));
    driver.finished(reader);
  }

  @Test
  void itIsGivenToWhoeverRegistersWithItsRootAndWithoutParents() throws Exception {
    readBy("a", CONTENT, BYTES);
    Stream child = driver.host("b").ours("b");

    assertThat(child.orders)
        .hasSize(3)
        .startsWith(new PeerOrder.Content(CONTENT))
        .endsWith(new PeerOrder.Tiny(BYTES));
    assertThat(child.last(PeerOrder.Roots.class).orElseThrow().roots())
        .isEqualTo(Map.of(0, root(BYTES)));
    driver.done(child, 0);
    driver.finished(child);
    assertThat(driver.state("b")).isEqualTo(PeerState.SUCCEEDED);
  }

  @Test
  void whoCannotUseItGetsParents() throws Exception {
    readBy("a", CONTENT, BYTES);
    Stream child = driver.host("b").ours("b");
    driver.report(child, new PeerReport.ParentsWanted(List.of()));

    assertThat(child.parents()).containsExactly("a");
  }

  @Test
  void bytesThatTheRootDoesNotVouchForAreNotKept() throws Exception {
    readBy("a", CONTENT, TinyContent.of(new byte[] {1, 2, 4}));
    Stream child = driver.host("b").ours("b");

    assertThat(child.last(PeerOrder.Tiny.class)).isEmpty();
    assertThat(child.parents()).containsExactly("a");
  }

  @Test
  void whatHasAGuardIsNeverGivenOut() throws Exception {
    readBy("a", CONTENT.guardedBy("place"), BYTES);
    Stream child = driver.host("b").ours("b");
    assertThat(child.last(PeerOrder.Tiny.class)).isEmpty();
    assertThat(child.parents()).containsExactly("a");
  }

  @Test
  void itIsForgottenWhenItGetsAGuard() throws Exception {
    readBy("a", CONTENT, BYTES);
    driver.host("c").holder("c", CONTENT.guardedBy("place"));
    Stream child = driver.host("b").ours("b");

    assertThat(child.last(PeerOrder.Tiny.class)).isEmpty();
    assertThat(child.parents()).contains("a");
  }

  @Test
  void itGoesWithTheLastHostThatHasIt() throws Exception {
    readBy("a", CONTENT, BYTES);
    assertThat(driver.swarm.deleteTask(new HostId("a"), SwarmDriver.TASK, driver.now)).isTrue();
    Stream child = driver.host("b").ours("b");

    assertThat(child.last(PeerOrder.Tiny.class)).isEmpty();
  }

  @Test
  void anUpstreamChildHearsNothingOfIt() throws Exception {
    readBy("a", CONTENT, BYTES);
    Stream child =
        driver
            .host("b")
            .register(
                SwarmDriver.TASK,
                "b",
                false,
                SwarmDriver.download(),
                Optional.of(ContentInfo.of(3, SwarmDriver.PIECE, "", Map.of())),
                SwarmDriver.bits(),
                Map.of(),
                false);

    assertThat(child.parents()).containsExactly("a");
  }
}
