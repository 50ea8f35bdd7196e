package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What a program has open: its sockets, and the rest without the files of its store, of which it
 * keeps a bounded number open for reuse.
 */
record Descriptors(long sockets, long files) {
  /** Sockets that may stay open after downloads: pooled connections. */
  private static final int POOLED_SOCKETS = 24;

  /** Files that are opened once, at first use, such as a source of randomness. */
  private static final int FILES_OF_FIRST_USE = 4;

  static Descriptors of(Program program, Path store) throws IOException {
    return new Descriptors(program.openSockets(), program.openFilesBeside(store.toRealPath()));
  }

  /** Fails when {@code now} has more than this and what may stay open. */
  void isBaseOf(Descriptors now, String name) {
    assertThat(now.sockets)
        .as("open sockets of %s", name)
        .isLessThanOrEqualTo(sockets + POOLED_SOCKETS);
    assertThat(now.files)
        .as("open files of %s", name)
        .isLessThanOrEqualTo(files + FILES_OF_FIRST_USE);
  }
}
