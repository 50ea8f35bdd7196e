package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.CACHE_DISK_DEAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that dies while a download is written to it: the kernel answers EIO from then on. */
@Timeout(300)
final class DeadDiskTest {
  private static final int MIB = 1 << 20;
  private static final LabContent SMALL = new LabContent(24, 3 * MIB + 5);
  private static final LabContent CONTENT = new LabContent(25, 40 * MIB + 321);
  private static final Behaviour SLOW = Behaviour.good().limitedTo(2 * MIB);

  @TempDir private Path place;

  @Test
  void aCacheThatDiesMidwayFailsThatDownloadAndNothingElse() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("b"));
        MortalDisk disk = mount(bench.cluster.storage("a"));
        LabOrigin small = LabOrigin.start(SMALL, Behaviour.good());
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Program daemon = bench.cluster.startPeer("a");
      bench.run(CACHE_DISK_DEAD, "a", small.url("/small")).succeededWith(SMALL);
      long stored = bench.storedBytes("a");

      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/dies"), first);
      Program b = bench.start("b", origin.url("/dies"), second);
      await().atMost(CACHE_DISK_DEAD.limit()).until(() -> bench.storedBytes("a") > stored);
      await().atMost(CACHE_DISK_DEAD.limit()).until(() -> origin.bytesSent() > 16 * MIB);
      disk.die();

      FaultBench.end(CACHE_DISK_DEAD, a, first).failedSaying("Input/output error", "/dies");
      FaultBench.end(CACHE_DISK_DEAD, b, second).succeededWith(CONTENT);
      bench
          .run(CACHE_DISK_DEAD, "a", small.url("/next"))
          .failedSaying("Input/output error", "/next");
      assertThat(daemon.isAlive()).isTrue();

      // With another disk in its place all is well again.
      daemon.stop();
      disk.takeAway();
      bench.cluster.startPeer("a");
      long read = origin.bytesSent();
      bench.run(CACHE_DISK_DEAD, "a", origin.url("/dies")).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).as("read again at the origin").isEqualTo(read);
    }
  }

  /** Where this user may not mount, the test is skipped and says who may. */
  private MortalDisk mount(Path directory) throws InterruptedException {
    try {
      return MortalDisk.mount(place.resolve("image"), directory, 256);
    } catch (IOException e) {
      return abort(
          "a disk that dies needs the right to mount one ("
              + e.getMessage()
              + "); as root: sudo ./mvnw -pl lab test -Dtest=DeadDiskTest");
    }
  }
}
