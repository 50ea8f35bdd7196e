package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A daemon of root writes nothing for others that they could not write themselves. */
@Timeout(180)
final class TwoUsersTest {
  private static final LabContent CONTENT = new LabContent(53, 9_000_001);
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final String OTHER = "nobody";
  private static final String GROUP = "nogroup";

  /** A dfget of the other user, who may also read what this test's programs are made of. */
  private static FaultBench.Outcome dfget(FaultBench bench, String url, Path output, String... more)
      throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + OTHER,
                "--regid=" + GROUP,
                "--clear-groups",
                "--inh-caps=-all,+dac_read_search",
                "--ambient-caps=-all,+dac_read_search",
                "--bounding-set=-all,+dac_read_search"));
    command.addAll(Launcher.ofClassPath().command("dfget"));
    command.addAll(
        List.of("-e", bench.cluster.socket("a").toString(), url, "-O", output.toString()));
    command.addAll(List.of(more));
    Path log = Files.createTempFile(bench.cluster.storage("a"), "dfget", ".log");
    Program dfget = Program.start(log, command);
    return new FaultBench.Outcome(dfget.await(LIMIT), dfget.output(), output);
  }

  private static Path directory(Path path, String owner, String mode) throws IOException {
    Files.createDirectories(path);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    return Files.setOwner(
        path, path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(owner));
  }

  @Test
  void eachWritesWithItsOwnRights() throws Exception {
    assumeTrue(
        System.getProperty("user.name").equals("root"),
        "a program of another user is started by root: sudo ./mvnw -pl lab test -Dtest=TwoUsersTest");
    try (FaultBench bench = FaultBench.start(List.of(), List.of());
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.cluster.startPeer("a");
      Path socket = bench.cluster.socket("a");
      // As download.server.socketGroup does it.
      Files.getFileAttributeView(socket, PosixFileAttributeView.class)
          .setGroup(
              socket
                  .getFileSystem()
                  .getUserPrincipalLookupService()
                  .lookupPrincipalByGroupName(GROUP));
      var _ = directory(bench.outputs.resolve("..").normalize(), "root", "rwx--x--x");
      Path theirs = directory(bench.outputs.resolve("theirs"), OTHER, "rwx------");
      Path roots = directory(bench.outputs.resolve("roots"), "root", "rwxr-xr-x");

      String url = origin.url("/x");
      dfget(bench, url, theirs.resolve("file")).succeededWith(CONTENT);
      assertThat(Files.getOwner(theirs.resolve("file")).getName()).isEqualTo(OTHER);
      assertThat(bench.storedBytes("a")).as("it went through the daemon").isPositive();

      Path refused = roots.resolve("file");
      dfget(bench, url, refused).failedSaying("may not write", roots.toString());
      Path kept = Files.writeString(roots.resolve("kept"), "root's");
      assertThat(dfget(bench, url, kept, "--overwrite").exitCode()).isNotZero();
      assertThat(kept).hasContent("root's");
      Path link = Files.createSymbolicLink(theirs.resolve("link"), kept);
      // Their own name, which they may give to another file.
      dfget(bench, url, link, "--overwrite").succeededWith(CONTENT);
      assertThat(kept).as("what the link led to").hasContent("root's");
      try (Stream<Path> files = Files.list(roots)) {
        assertThat(files).containsExactly(kept);
      }
      assertThat(origin.bytesSent()).isEqualTo(CONTENT.length());
    }
  }
}
