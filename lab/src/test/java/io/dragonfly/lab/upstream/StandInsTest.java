package io.dragonfly.lab.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stand-ins understand each other; else what they say of our programs would mean little. */
@Timeout(120)
final class StandInsTest {
  private static final LabContent CONTENT = new LabContent(1, (20 << 20) + 12345);

  @TempDir Path directory;

  @Test
  void twoPeersTakeAFileFromASeedThatReadsTheOriginOnce() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        UpstreamScheduler scheduler = UpstreamScheduler.start();
        UpstreamDaemon seed =
            UpstreamDaemon.start(directory.resolve("s"), "seed", true, scheduler.port());
        UpstreamDaemon first =
            UpstreamDaemon.start(directory.resolve("a"), "a", false, scheduler.port());
        UpstreamDaemon second =
            UpstreamDaemon.start(directory.resolve("b"), "b", false, scheduler.port())) {
      Download download = Download.newBuilder().setUrl(origin.url("/file")).build();
      String taskId = UpstreamTaskId.of(download);

      assertThat(LabContent.sha256(first.download(download, taskId))).isEqualTo(CONTENT.sha256());
      assertThat(LabContent.sha256(second.download(download, taskId))).isEqualTo(CONTENT.sha256());

      assertThat(seed.finished(taskId)).isPresent();
      // Each of the three asks for one byte first, to learn the length.
      assertThat(origin.bytesSent()).isEqualTo(CONTENT.length() + 3);
      assertThat(scheduler.violations()).isEmpty();
      assertThat(first.violations()).isEmpty();
      assertThat(second.violations()).isEmpty();
    }
  }
}
