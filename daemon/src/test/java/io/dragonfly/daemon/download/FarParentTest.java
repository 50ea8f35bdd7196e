package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.storage.StoreOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How many requests a real child sends to a real parent that is far away. */
@Timeout(120)
class FarParentTest {
  private static final int PIECE = 256 << 10;
  private static final int PIECES = 160;

  @TempDir Path directory;

  /** The connections that one parent was asked over, each for one piece at a time. */
  private int connections(Duration roundTrip) throws Exception {
    byte[] content = new byte[PIECES * PIECE];
    new Random(4005).nextBytes(content);
    Path place = directory.resolve(roundTrip.toString());
    try (FakeSwarm swarm = new FakeSwarm();
        TestOrigin origin = new TestOrigin(content);
        TestHost parent = new TestHost(swarm, "parent", place, StoreOptions.defaults(), 64 << 20);
        TestHost child = new TestHost(swarm, "child", place, StoreOptions.defaults());
        LongWay way = new LongWay(parent.server.port(), roundTrip)) {
      DownloadRequest request =
          Requests.withPieceLength(
              DownloadRequest.of(new TaskId("0123456789abcdef"), origin.url()), PIECE);
      Caller first = new Caller();
      parent.downloads.start(request, first);
      first.awaitFinished();
      parent.reachedAt(way.port());

      Caller second = new Caller();
      child.downloads.start(request, second);
      assertThat(second.awaitFinished().bytes()).isEqualTo(new ByteCounts(0, content.length, 0, 0));
      return way.connections();
    }
  }

  @Test
  void aParentThatIsFarAwayIsAskedForAsManyMoreAsFitOnTheWay() throws Exception {
    assertThat(connections(Duration.ofMillis(300)))
        .isGreaterThan(Parent.MOST_REQUESTS + 1)
        .isLessThanOrEqualTo(16);
  }
}
