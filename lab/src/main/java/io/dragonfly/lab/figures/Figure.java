package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.util.List;

/** Something that is measured; it prints each run, and then the spread of all. */
interface Figure {
  /** Leaves files behind, below the bench's directory, that the caller removes. */
  void measure(Bench bench) throws IOException, InterruptedException;

  /** What it needs beside what all need. */
  default List<Tool> tools() {
    return List.of();
  }
}
