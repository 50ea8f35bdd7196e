package io.dragonfly.lab.faults;

import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Descriptors of a daemon: its sockets, and the rest without the files of its store, of which it
 * keeps a bounded number open for reuse.
 */
record Footprint(long sockets, long files) {
  /** Sockets that may stay open after downloads: pooled connections. */
  private static final int POOLED_SOCKETS = 24;

  /** Files that are opened once, at first use, such as a source of randomness. */
  private static final int FILES_OF_FIRST_USE = 4;

  /** What a daemon has open now. */
  static Footprint of(ProcessCluster cluster, String daemon) throws IOException {
    return of(cluster.program(daemon), cluster.storage(daemon));
  }

  /** What a program with this storage directory has open now. */
  static Footprint of(Program program, Path storage) throws IOException {
    return new Footprint(program.openSockets(), program.openFilesBeside(storage.toRealPath()));
  }

  /** What is too much of this, when {@code base} was there before; empty when nothing is. */
  Optional<String> growthSince(Footprint base) {
    if (sockets > base.sockets + POOLED_SOCKETS) {
      return Optional.of(sockets + " open sockets, and " + base.sockets + " before");
    }
    if (files > base.files + FILES_OF_FIRST_USE) {
      return Optional.of(files + " open files, and " + base.files + " before");
    }
    return Optional.empty();
  }

  /** Whether a file of this name in a cache belongs there for good: a content, or its journal. */
  static boolean isLasting(Path cached) {
    return cached.getFileName().toString().matches("[0-9a-f]{64}(~meta)?");
  }

  /** The files in the cache of a daemon, temporary ones included. */
  static Set<Path> cache(ProcessCluster cluster, String daemon) throws IOException {
    return cacheBelow(cluster.storage(daemon));
  }

  /** The same of a storage directory. */
  static Set<Path> cacheBelow(Path storage) throws IOException {
    Path content = storage.resolve("content");
    try (Stream<Path> files = Files.walk(content)) {
      return files.filter(Files::isRegularFile).collect(Collectors.toCollection(TreeSet::new));
    } catch (NoSuchFileException | UncheckedIOException e) {
      return Set.of(); // there is none yet, or it changes just now
    }
  }
}
