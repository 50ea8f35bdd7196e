package io.dragonfly.lab.figures;

import java.io.IOException;

/** Something that is measured; it prints each run, and then the spread of all. */
interface Figure {
  /** Leaves files behind, below the bench's directory, that the caller removes. */
  void measure(Bench bench) throws IOException, InterruptedException;
}
