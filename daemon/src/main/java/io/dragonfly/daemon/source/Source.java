package io.dragonfly.daemon.source;

import java.util.Set;

/** One kind of origin. Safe for use by many threads. */
public interface Source extends AutoCloseable {
  /** The URL schemes it reads, in lower case. */
  Set<String> schemes();

  /**
   * Asks the origin and returns when its answer has begun and was found to fit the request. Blocks
   * for {@link OriginRequest#timeout()} at most, pauses and repeated attempts included.
   *
   * @throws OriginException if there is no usable answer; the kind says what to do about it
   */
  OriginResponse open(OriginRequest request) throws OriginException;

  /** Closes idle connections and makes answers that are still being read fail. */
  @Override
  void close();

  /**
   * Makes a source. Kinds of origin that live in modules of their own are found by {@link
   * java.util.ServiceLoader} under this name.
   */
  interface Factory {
    /** The URL schemes the source will read, in lower case. */
    Set<String> schemes();

    Source create(SourceOptions options);
  }
}
