package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.CACHE_DISK_FULL;
import static io.dragonfly.lab.faults.Fault.OUTPUT_DISK_FULL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks that are really full, not only a quota: writes fail midway. */
@Timeout(300)
final class FullDiskTest {
  private static final int MIB = 1 << 20;
  private static final LabContent SMALL = new LabContent(20, 3 * MIB + 5);
  private static final LabContent CONTENT = new LabContent(21, 40 * MIB + 321);
  private static final Behaviour SLOW = Behaviour.good().limitedTo(2 * MIB);

  /** Also for mount points: short, and outside of what the bench removes. */
  @TempDir Path disks;

  @Test
  void aCacheThatRunsFullMidwayFailsThatDownloadAndNothingElse() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("b"));
        Tmpfs disk = mount(bench.cluster.storage("a"), 64);
        LabOrigin small = LabOrigin.start(SMALL, Behaviour.good());
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Program daemon = bench.cluster.startPeer("a");
      bench.noteBase("a");
      bench.run(CACHE_DISK_FULL, "a", small.url("/small")).succeededWith(SMALL);
      Set<Path> before = bench.cache("a");

      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/full"), first);
      Program b = bench.start("b", origin.url("/full"), second);
      await().atMost(CACHE_DISK_FULL.limit()).until(() -> bench.cache("a").size() > before.size());
      await().atMost(CACHE_DISK_FULL.limit()).until(() -> origin.bytesSent() > 24 * MIB);
      Path filler = disk.fill();

      FaultBench.end(CACHE_DISK_FULL, a, first).failedSaying("no space left", "/full");
      FaultBench.end(CACHE_DISK_FULL, b, second).succeededWith(CONTENT);
      // What is in the cache is delivered from a disk without any room.
      long read = small.bytesSent();
      bench.run(CACHE_DISK_FULL, "a", small.url("/small")).succeededWith(SMALL);
      assertThat(small.bytesSent()).isEqualTo(read);
      // The half file has gone, and the room with it.
      await()
          .atMost(CACHE_DISK_FULL.limit())
          .untilAsserted(() -> assertThat(bench.cache("a")).isEqualTo(before));
      assertThat(disk.usableBytes()).isPositive();

      Files.delete(filler);
      bench.run(CACHE_DISK_FULL, "a", origin.url("/full")).succeededWith(CONTENT);
      assertThat(origin.bytesSent())
          .as("bytes from the origin")
          .isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
      assertThat(daemon.isAlive()).isTrue();
      bench.returnsToBase();
    }
  }

  @Test
  void aCacheWithTooLittleRoomIsToldBeforeAnythingIsRead() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of());
        Tmpfs _ = mount(bench.cluster.storage("a"), 16);
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      bench.cluster.startPeer("a");
      bench.noteBase("a");
      Set<Path> before = bench.cache("a");
      bench
          .run(CACHE_DISK_FULL, "a", origin.url("/large"))
          .failedSaying("space", Long.toString(CONTENT.length()));
      assertThat(origin.bytesSent()).isLessThan(CONTENT.length() / 2);
      await()
          .atMost(CACHE_DISK_FULL.limit())
          .untilAsserted(() -> assertThat(bench.cache("a")).isEqualTo(before));
      bench.returnsToBase();
    }
  }

  /** Written by the daemon, and by dfget from the socket. */
  @ParameterizedTest
  @ValueSource(strings = {"--overwrite", "--transfer-from-dfdaemon"})
  void anOutputDiskThatRunsFullMidwayIsNamedAndTheCacheKept(String how) throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a"));
        Tmpfs disk = mount(disks.resolve("small"), 64);
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path output = disk.directory().resolve("file");
      Program dfget = bench.start("a", origin.url("/output"), output, how);
      await().atMost(OUTPUT_DISK_FULL.limit()).until(() -> origin.bytesSent() > 8 * MIB);
      Path filler = disk.fill();
      origin.become(CONTENT, Behaviour.good());

      FaultBench.end(OUTPUT_DISK_FULL, dfget, output)
          .failedSaying("No space left", output.toString());
      await()
          .atMost(OUTPUT_DISK_FULL.limit())
          .untilAsserted(() -> assertThat(names(disk.directory())).containsExactly("filler"));
      Files.delete(filler);

      bench.run(OUTPUT_DISK_FULL, "a", origin.url("/output")).succeededWith(CONTENT);
      // The daemon goes on when its output fails. It stops when dfget goes; what is under way then
      // is read again, the pieces that were whole are not.
      long most =
          how.equals("--overwrite") ? CONTENT.length() * 101 / 100 : CONTENT.length() * 3 / 2;
      assertThat(origin.bytesSent()).as("the cache was kept").isLessThanOrEqualTo(most);
      bench.returnsToBase();
    }
  }

  @Test
  void anOutputDiskWithTooLittleRoomIsNamed() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a"));
        Tmpfs disk = mount(disks.resolve("tiny"), 8);
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = Files.writeString(disk.directory().resolve("file"), "precious");
      FaultBench.Outcome failed =
          FaultBench.end(
              OUTPUT_DISK_FULL,
              bench.start("a", origin.url("/tiny"), output, "--overwrite"),
              output);
      assertThat(failed.exitCode()).isEqualTo(1);
      assertThat(failed.text())
          .contains(Long.toString(CONTENT.length()), output.toString(), "make room");
      assertThat(output).hasContent("precious");
      assertThat(names(disk.directory())).containsExactly("file");
      bench.returnsToBase();
    }
  }

  /** Where this user may not mount, the test is skipped and says who may. */
  private static Tmpfs mount(Path directory, int mebibytes) throws InterruptedException {
    try {
      return Tmpfs.mount(directory, mebibytes);
    } catch (IOException e) {
      return abort(
          "a full disk needs the right to mount one ("
              + e.getMessage()
              + "); as root: sudo ./mvnw -pl lab test -Dtest=FullDiskTest");
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
