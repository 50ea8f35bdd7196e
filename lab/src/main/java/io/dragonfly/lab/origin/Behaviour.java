package io.dragonfly.lab.origin;

import java.util.Optional;

/**
 * How a {@link LabOrigin} answers.
 *
 * @param ranges whether it honours Range
 * @param announcesLength whether it says how long the content is (else it sends chunks)
 * @param etag the validator it sends, with its quotes; none when empty
 * @param status answered instead of the content, when present
 * @param refusals how many requests get {@code status}; the rest get the content
 * @param closeAfter a body is cut after so many bytes
 * @param stallAfter a body stands still after so many bytes
 * @param extraLength so much is added to the length that it announces
 * @param bytesPerSecond rate of each connection
 * @param redirectTo Location of a 302 that it answers instead of the content
 */
public record Behaviour(
    boolean ranges,
    boolean announcesLength,
    Optional<String> etag,
    Optional<Integer> status,
    int refusals,
    long closeAfter,
    long stallAfter,
    long extraLength,
    long bytesPerSecond,
    Optional<String> redirectTo) {

  /** A well-behaved origin with ranges and a strong ETag. */
  public static Behaviour good() {
    return new Behaviour(
        true,
        true,
        Optional.of("\"v1\""),
        Optional.empty(),
        Integer.MAX_VALUE,
        Long.MAX_VALUE,
        Long.MAX_VALUE,
        0,
        Long.MAX_VALUE,
        Optional.empty());
  }

  public Behaviour withoutRanges() {
    return new Behaviour(
        false,
        announcesLength,
        etag,
        status,
        refusals,
        closeAfter,
        stallAfter,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour withoutLength() {
    return new Behaviour(
        false,
        false,
        etag,
        status,
        refusals,
        closeAfter,
        stallAfter,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour withEtag(Optional<String> etag) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        status,
        refusals,
        closeAfter,
        stallAfter,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  /** Every request is answered with {@code status}. */
  public Behaviour refusing(int status) {
    return refusing(status, Integer.MAX_VALUE);
  }

  /** The first {@code times} requests are answered with {@code status}. */
  public Behaviour refusing(int status, int times) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        Optional.of(status),
        times,
        closeAfter,
        stallAfter,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour closingAfter(long bytes) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        status,
        refusals,
        bytes,
        stallAfter,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour stallingAfter(long bytes) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        status,
        refusals,
        closeAfter,
        bytes,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour lyingBy(long extra) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        status,
        refusals,
        closeAfter,
        stallAfter,
        extra,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour limitedTo(long bytesPerSecond) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        status,
        refusals,
        closeAfter,
        stallAfter,
        extraLength,
        bytesPerSecond,
        redirectTo);
  }

  public Behaviour redirecting(String location) {
    return new Behaviour(
        ranges,
        announcesLength,
        etag,
        status,
        refusals,
        closeAfter,
        stallAfter,
        extraLength,
        bytesPerSecond,
        Optional.of(location));
  }
}
