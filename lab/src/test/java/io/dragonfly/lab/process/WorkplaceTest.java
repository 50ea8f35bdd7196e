package io.dragonfly.lab.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkplaceTest {
  /** Beyond what the kernel gives to a process (see proc(5), pid_max). */
  private static final String NOBODY = "lab-99999999";

  @TempDir Path parent;

  @Test
  void isGoneWithAllThatIsInItWhenTheRunIsOver() throws IOException {
    Path directory;
    try (Workplace workplace = Workplace.open(parent.resolve("new"), 1)) {
      directory = workplace.directory();
      Files.writeString(Files.createDirectories(directory.resolve("a/b")).resolve("c"), "text");
    }
    assertThat(directory.getParent()).isEmptyDirectory();
  }

  @Test
  void removesWhatAKilledRunLeftAndNothingElse() throws IOException {
    Path left;
    try (Workplace workplace = Workplace.open(parent, 1)) {
      left = Files.move(workplace.directory(), parent.resolve(NOBODY));
      Files.writeString(left.resolve("content"), "text");
    }
    Path foreign = Files.createDirectory(parent.resolve("lab-99999998"));
    Path running = Files.createDirectory(parent.resolve("lab-1"));
    Files.createFile(running.resolve(".dragonfly-lab"));
    Workplace.open(parent, 1).close();
    assertThat(left).doesNotExist();
    assertThat(foreign).as("has no mark").exists();
    assertThat(running).as("its process runs").exists();
  }

  @Test
  void saysWhatIsWrongWithThePlaceAndWhatHelps() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    assertThatThrownBy(() -> Workplace.open(file, 1))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(file.toString(), "--work");
    Path deep = parent.resolve("x".repeat(90));
    assertThatThrownBy(() -> Workplace.open(deep, 1))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("too long", deep.toString(), "--work");
    assertThat(deep).doesNotExist();
    assertThatThrownBy(() -> Workplace.open(parent, Long.MAX_VALUE))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("MiB left", "make room", "--work");
    assertThat(parent).isDirectoryContaining(file::equals).isDirectoryNotContaining("glob:**lab-*");
  }
}
