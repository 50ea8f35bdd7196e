package io.dragonfly.daemon.output;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** With files that have no name until they are whole, and where the system has none. */
@ParameterizedClass(name = "nameless {0}")
@ValueSource(booleans = {true, false})
class OutputFileTest {
  @Parameter boolean nameless;
  @TempDir Path dir;

  @BeforeEach
  void requireThatTheFileSystemHasThem() throws IOException {
    if (nameless) {
      NamelessFileTest.create(dir.resolve("any")).close();
    }
  }

  private OutputFile create(Path path, boolean overwrite) throws OutputException {
    return create(new OutputTarget(path, overwrite, false));
  }

  private OutputFile create(OutputTarget target) throws OutputException {
    return nameless ? OutputFile.create(target) : OutputFile.create(target, _ -> Optional.empty());
  }

  private static void write(OutputFile file, String text) throws Exception {
    file.channel().write(ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  private void assertOnly(String... names) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder(names);
    }
  }

  private static OutputException.Code refusal(OutputTarget target) {
    OutputException refusal =
        org.assertj.core.api.Assertions.catchThrowableOfType(
            OutputException.class, () -> OutputFile.create(target));
    return refusal.code();
  }

  @Test
  void theFileAppearsUnderItsNameOnlyWhenItIsCommitted() throws Exception {
    Path path = dir.resolve("out");
    try (OutputFile file = create(path, false)) {
      write(file, "content");
      assertThat(path).doesNotExist();
      file.commit();
    }
    assertThat(path).hasContent("content");
    assertOnly("out");
  }

  @Test
  void aFileThatIsNotCommittedLeavesNothingBehind() throws Exception {
    try (OutputFile file = create(dir.resolve("out"), false)) {
      write(file, "half");
    }
    assertOnly();
  }

  @Test
  void whatIsBeingWrittenHasNoNameThatAKillCouldLeave() throws Exception {
    Path path = Files.writeString(dir.resolve("out"), "before");
    try (OutputFile file = create(path, true)) {
      write(file, "after");
      if (nameless) {
        assertOnly("out");
      }
      file.commit();
    }
    assertThat(path).hasContent("after");
    assertOnly("out");
  }

  @Test
  void aFailedOverwriteKeepsWhatWasThere() throws Exception {
    Path path = Files.writeString(dir.resolve("out"), "before");
    try (OutputFile file = create(path, true)) {
      write(file, "half");
    }
    assertThat(path).hasContent("before");
    assertOnly("out");
  }

  @Test
  void anOverwriteKeepsTheModeAndFollowsASymbolicLink() throws Exception {
    Path real = Files.writeString(dir.resolve("real"), "before");
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-------"));
    Path link = Files.createSymbolicLink(dir.resolve("link"), real);
    try (OutputFile file = create(link, true)) {
      write(file, "after");
      file.commit();
    }
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(real).hasContent("after");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(real)))
        .isEqualTo("rw-------");
  }

  @Test
  void aSymbolicLinkThatLeadsElsewhereIsRefused() throws Exception {
    Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
    Path precious = Files.writeString(elsewhere.resolve("precious"), "before");
    Path link = Files.createSymbolicLink(dir.resolve("link"), precious);
    assertThatThrownBy(() -> create(link, true))
        .isInstanceOf(OutputException.class)
        .hasMessageContaining(link + " is a symbolic link to " + precious)
        .hasMessageContaining("remove the link");
    Path twice = Files.createSymbolicLink(dir.resolve("twice"), link);
    assertThatThrownBy(() -> create(twice, true)).isInstanceOf(OutputException.class);
    assertThat(precious).hasContent("before");

    // A directory that is named by a link is the caller's own choice.
    Path door = Files.createSymbolicLink(dir.resolve("door"), elsewhere);
    try (OutputFile file = create(door.resolve("precious"), true)) {
      write(file, "after");
      file.commit();
    }
    assertThat(precious).hasContent("after");
  }

  /** Needs root; others keep nothing but the mode. */
  @Test
  void anOverwriteByRootKeepsTheOwner() throws Exception {
    Path owned = Files.writeString(dir.resolve("owned"), "before");
    boolean root = Files.getAttribute(owned, "unix:uid").equals(0);
    if (root) {
      Files.setAttribute(owned, "unix:uid", 65_534);
      Files.setAttribute(owned, "unix:gid", 65_534);
    }
    Object owner = Files.getAttribute(owned, "unix:uid");
    Object group = Files.getAttribute(owned, "unix:gid");
    Files.setPosixFilePermissions(owned, PosixFilePermissions.fromString("rw-r-----"));
    try (OutputFile file = create(owned, true)) {
      write(file, "after");
      file.commit();
    }
    assertThat(owned).hasContent("after");
    assertThat(Files.getAttribute(owned, "unix:uid")).isEqualTo(owner);
    assertThat(Files.getAttribute(owned, "unix:gid")).isEqualTo(group);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(owned)))
        .isEqualTo("rw-r-----");
  }

  @Test
  void aFileThatAppearsMeanwhileIsNotReplaced() throws Exception {
    Path path = dir.resolve("out");
    try (OutputFile file = create(path, false)) {
      write(file, "ours");
      Files.writeString(path, "theirs");
      assertThatThrownBy(file::commit)
          .isInstanceOf(OutputException.class)
          .hasMessageContaining("exists");
    }
    assertThat(path).hasContent("theirs");
    assertOnly("out");
  }

  @Test
  void whatCannotBeWrittenIsRefusedAtOnce() throws IOException {
    Path present = Files.writeString(dir.resolve("present"), "x");
    assertThat(refusal(new OutputTarget(Path.of("relative"), false, false)))
        .isEqualTo(OutputException.Code.INVALID_ARGUMENT);
    assertThat(refusal(new OutputTarget(dir.resolve("no/such/dir"), false, false)))
        .isEqualTo(OutputException.Code.NOT_FOUND);
    assertThat(refusal(new OutputTarget(present, false, false)))
        .isEqualTo(OutputException.Code.ALREADY_EXISTS);
    assertThat(refusal(new OutputTarget(dir, true, false)))
        .isEqualTo(OutputException.Code.FAILED_PRECONDITION);
    assertThat(refusal(new OutputTarget(Path.of("/dev/null"), true, false)))
        .isEqualTo(OutputException.Code.FAILED_PRECONDITION);
    assertThat(refusal(new OutputTarget(Path.of("/"), true, false)))
        .isEqualTo(OutputException.Code.FAILED_PRECONDITION);
    assertThat(present).hasContent("x");
  }

  @Test
  void aHardLinkIsTheCachesOwnFile() throws Exception {
    Path cache = Files.writeString(dir.resolve("cache"), "content");
    Path path = dir.resolve("out");
    try (OutputFile file = create(new OutputTarget(path, false, true))) {
      file.link(cache);
      file.commit();
    }
    assertThat(Files.isSameFile(path, cache)).isTrue();
    assertOnly("cache", "out");
  }

  @Test
  void aHardLinkMadeAgainLeavesNoTemporaryName() throws Exception {
    Path cache = Files.writeString(dir.resolve("cache"), "content");
    Path path = Files.createLink(dir.resolve("out"), cache);
    try (OutputFile file = create(new OutputTarget(path, true, true))) {
      file.link(cache);
      file.commit();
    }
    assertThat(Files.isSameFile(path, cache)).isTrue();
    assertOnly("cache", "out");
  }

  @Test
  void aHardLinkThatIsImpossibleFailsAndLeavesNothing() throws Exception {
    Path path = dir.resolve("out");
    try (OutputFile file = create(new OutputTarget(path, false, true))) {
      assertThatThrownBy(() -> file.link(Path.of("/proc/self/status")))
          .isInstanceOf(OutputException.class)
          .hasMessageContaining("hard link");
    }
    assertOnly();
  }

  @Test
  void anotherUserIsRefusedAndTheDaemonsOwnIsNot() throws Exception {
    UserPrincipal own = Files.getOwner(dir);
    GroupPrincipal group = Files.readAttributes(dir, PosixFileAttributes.class).group();
    UserPrincipal other = () -> "somebody-else";
    OutputRights rights = new OutputRights(own);
    OutputTarget target = new OutputTarget(dir.resolve("out"), false, false);

    assertThatThrownBy(() -> OutputFile.create(target, rights, new Caller(other, group)))
        .isInstanceOf(OutputException.class)
        .satisfies(e ->
            assertThat(((OutputException) e).code())
                .isEqualTo(OutputException.Code.PERMISSION_DENIED))
        .hasMessageContaining("somebody-else");
    OutputFile.create(target, rights, new Caller(own, group)).close();
    assertOnly();
  }
}
