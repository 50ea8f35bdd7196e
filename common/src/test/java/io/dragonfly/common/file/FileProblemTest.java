package io.dragonfly.common.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

final class FileProblemTest {
  @Test
  void everyProblemHasWords() {
    assertThat(FileProblem.of(new AccessDeniedException("/a")))
        .isEqualTo("permission denied for /a");
    assertThat(FileProblem.of(new NoSuchFileException("/a"))).isEqualTo("there is no /a");
    assertThat(FileProblem.of(new FileAlreadyExistsException("/a"))).isEqualTo("/a exists already");
    assertThat(FileProblem.of(new FileSystemException("/a", null, "Read-only file system")))
        .isEqualTo("Read-only file system (/a)");
    assertThat(FileProblem.of(new IOException("No space left on device")))
        .isEqualTo("No space left on device");
    assertThat(FileProblem.of(new EOFException())).isEqualTo("EOFException");
  }
}
