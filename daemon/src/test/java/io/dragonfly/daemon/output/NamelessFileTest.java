package io.dragonfly.daemon.output;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamelessFileTest {
  @TempDir Path dir;

  /** One for that name; the test is skipped where the file system of temporary files has none. */
  static NamelessFile create(Path name) {
    Optional<NamelessFile> file = NamelessFile.create(name);
    if (file.isEmpty()) {
      abort(
          "the file system of "
              + name.getParent()
              + " has no O_TMPFILE: pass -Djava.io.tmpdir=DIR with one on ext4, xfs, btrfs or tmpfs");
    }
    return file.get();
  }

  private static void write(NamelessFile file, String text) throws IOException {
    int _ = file.channel().write(ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  /** How many descriptors of this process lead to files below the directory. */
  private long descriptors() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.filter(this::leadsBelow).count();
    }
  }

  private boolean leadsBelow(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(dir);
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  @Test
  void aFreeNameIsTaken() throws Exception {
    Path free = dir.resolve("a free name");
    try (NamelessFile file = create(free)) {
      write(file, "ours");
      assertThat(dir).isEmptyDirectory();
      file.link(free);
    }
    assertThat(free).hasContent("ours");
  }

  @Test
  void aTakenNameIsLeftAsItIs() throws Exception {
    Path taken = Files.writeString(dir.resolve("taken"), "theirs");
    try (NamelessFile file = create(taken)) {
      write(file, "ours");
      assertThatThrownBy(() -> file.link(taken)).isInstanceOf(FileAlreadyExistsException.class);
      assertThatThrownBy(() -> file.link(dir.resolve("no/such")))
          .isInstanceOf(NoSuchFileException.class);
    }
    assertThat(taken).hasContent("theirs");
    assertThat(dir).isDirectoryNotContaining(path -> !path.equals(taken));
  }

  @Test
  void itsModeIsThatOfAnyNewFile() throws Exception {
    Path name = dir.resolve("nameless");
    Path usual = dir.resolve("usual");
    FileChannel.open(usual, CREATE_NEW, WRITE).close();
    try (NamelessFile file = create(name)) {
      file.link(name);
    }
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(usual);
    assertThat(Files.getPosixFilePermissions(name)).isEqualTo(mode);
  }

  @Test
  void closingLeavesNothingOpen() throws Exception {
    NamelessFile file = create(dir.resolve("file"));
    assertThat(descriptors()).isPositive();
    file.close();
    file.close();
    assertThat(descriptors()).isZero();
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void thereIsNoneWhereNoFileCanBe() {
    assertThat(NamelessFile.create(dir.resolve("no/such"))).isEmpty();
    assertThat(NamelessFile.create(Path.of("/proc/output"))).isEmpty();
  }
}
