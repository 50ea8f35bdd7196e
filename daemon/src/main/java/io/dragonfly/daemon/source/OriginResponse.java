package io.dragonfly.daemon.source;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.OptionalLong;

/** An origin's answer, its body being read. For one thread; close it in every case. */
public interface OriginResponse extends AutoCloseable {
  /** The origin's status: 200, or 206 for a part. */
  int status();

  /** The length of the whole content in bytes, not of this body; empty if the origin hides it. */
  OptionalLong contentLength();

  /**
   * Whether the origin gives parts of this content: it answered with a part, or announced to a
   * request for the whole that it would. If false after a range was asked for, the body is the
   * whole content from byte 0.
   */
  boolean ranged();

  /** Where in the content the body begins. */
  long start();

  /** How many bytes the body has; empty if that shows only at its end. */
  OptionalLong bodyLength();

  /**
   * What the origin says about the content itself (type, encoding, language, disposition,
   * validators, Docker and Hugging Face digests), names in lower case and sorted. Never cookies or
   * authentication.
   */
  Map<String, String> headers();

  /** To be given as expected to the requests for the rest of the content. */
  Validators validators();

  /** Names the version of the content, see {@link Validators#version()}. */
  default String version() {
    return validators().version();
  }

  /**
   * Reads what has arrived, at least one byte, at most what fits; waits for it no longer than the
   * stall timeout.
   *
   * @return the number of bytes put into {@code target}; -1 at the announced end (or, for a body of
   *     unknown length, at its proper end)
   * @throws OriginException TRUNCATED if the body ends early, TOO_LONG if it goes on after its
   *     announced end, UNAVAILABLE if it stalls, CANCELLED
   */
  int read(ByteBuffer target) throws OriginException;

  /** Never blocks for long and never throws: a body that was not read to its end is cut off. */
  @Override
  void close();
}
