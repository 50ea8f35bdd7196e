package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.storage.StoreOptions;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real child of two real parents, one of which is much slower. */
@Timeout(120)
class SlowParentTest {
  private static final int PIECE = 2 << 20;
  private static final int PIECES = 12;
  private static final long FAST = 5 << 20;

  @TempDir Path directory;

  @Test
  void theEndOfADownloadDoesNotWaitForAParentTenTimesSlower() throws Exception {
    byte[] content = new byte[PIECES * PIECE];
    new Random(4006).nextBytes(content);
    StoreOptions options = StoreOptions.defaults();
    try (FakeSwarm swarm = new FakeSwarm();
        TestOrigin origin = new TestOrigin(content);
        TestHost fast = new TestHost(swarm, "fast", directory, options, FAST);
        TestHost slow = new TestHost(swarm, "slow", directory, options, FAST / 10);
        TestHost child = new TestHost(swarm, "child", directory, options)) {
      DownloadRequest request =
          Requests.withPieceLength(
              DownloadRequest.of(new TaskId("0123456789abcdef"), origin.url()), PIECE);
      for (TestHost host : new TestHost[] {fast, slow, child}) {
        Caller caller = new Caller();
        host.downloads.start(request, caller);
        assertThat(caller.awaitFinished().bytes().total()).isEqualTo(content.length);
      }
      assertThat(origin.bytes.get()).isEqualTo(content.length);
      // It was asked for two pieces at once, and gave part of them: others went on from there.
      assertThat(slow.server.activity().bytes()).isBetween(1L, 2L * PIECE - 1);
      assertThat(fast.server.activity().bytes() + slow.server.activity().bytes())
          .as("to both others, and little of it twice")
          .isLessThan(2L * content.length + PIECE);
    }
  }
}
