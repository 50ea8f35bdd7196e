package io.dragonfly.common.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoriesTest {
  @TempDir Path directory;

  @Test
  void whatIsInItGoesAndWhatLinksPointToStays() throws IOException {
    Path other = Files.createDirectory(directory.resolve("other"));
    Path kept = Files.writeString(other.resolve("kept"), "content");
    Path tree = directory.resolve("tree");
    Path deep = Files.createDirectories(tree.resolve("a/b/c"));
    Files.writeString(deep.resolve("file"), "content");
    Files.createSymbolicLink(deep.resolve("to-directory"), other);
    Files.createSymbolicLink(tree.resolve("to-file"), kept);
    Files.createSymbolicLink(tree.resolve("to-nothing"), directory.resolve("nothing"));

    Directories.delete(tree);

    assertThat(tree).doesNotExist();
    assertThat(kept).hasContent("content");
  }

  @Test
  void aLinkInPlaceOfTheDirectoryGoesAlone() throws IOException {
    Path other = Files.createDirectory(directory.resolve("other"));
    Path kept = Files.writeString(other.resolve("kept"), "content");
    Path link = Files.createSymbolicLink(directory.resolve("link"), other);

    Directories.delete(link);

    assertThat(Files.isSymbolicLink(link)).isFalse();
    assertThat(kept).exists();
  }

  @Test
  void whatIsNotThereIsNoMistake() throws IOException {
    Directories.delete(directory.resolve("nothing"));

    assertThat(directory).isEmptyDirectory();
  }
}
