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
 * @param redirectTo Location of a 302 that it answers instead of the content; {@code {n}} in it
 *     becomes the number of the request
 * @param authorization without which it answers 401, when present
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
    Optional<String> redirectTo,
    Optional<String> authorization) {

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
        Optional.empty(),
        Optional.empty());
  }

  public Behaviour withoutRanges() {
    Draft draft = new Draft(this);
    draft.ranges = false;
    return draft.behaviour();
  }

  public Behaviour withoutLength() {
    Draft draft = new Draft(this);
    draft.ranges = false;
    draft.announcesLength = false;
    return draft.behaviour();
  }

  public Behaviour withEtag(Optional<String> etag) {
    Draft draft = new Draft(this);
    draft.etag = etag;
    return draft.behaviour();
  }

  /** Every request is answered with {@code status}. */
  public Behaviour refusing(int status) {
    return refusing(status, Integer.MAX_VALUE);
  }

  /** The first {@code times} requests are answered with {@code status}. */
  public Behaviour refusing(int status, int times) {
    Draft draft = new Draft(this);
    draft.status = Optional.of(status);
    draft.refusals = times;
    return draft.behaviour();
  }

  public Behaviour closingAfter(long bytes) {
    Draft draft = new Draft(this);
    draft.closeAfter = bytes;
    return draft.behaviour();
  }

  public Behaviour stallingAfter(long bytes) {
    Draft draft = new Draft(this);
    draft.stallAfter = bytes;
    return draft.behaviour();
  }

  public Behaviour lyingBy(long extra) {
    Draft draft = new Draft(this);
    draft.extraLength = extra;
    return draft.behaviour();
  }

  public Behaviour limitedTo(long bytesPerSecond) {
    Draft draft = new Draft(this);
    draft.bytesPerSecond = bytesPerSecond;
    return draft.behaviour();
  }

  public Behaviour redirecting(String location) {
    Draft draft = new Draft(this);
    draft.redirectTo = Optional.of(location);
    return draft.behaviour();
  }

  /** Only who asks with this Authorization gets the content. */
  public Behaviour onlyFor(String authorization) {
    Draft draft = new Draft(this);
    draft.authorization = Optional.of(authorization);
    return draft.behaviour();
  }

  /** A behaviour that is being changed. */
  private static final class Draft {
    boolean ranges;
    boolean announcesLength;
    Optional<String> etag;
    Optional<Integer> status;
    int refusals;
    long closeAfter;
    long stallAfter;
    long extraLength;
    long bytesPerSecond;
    Optional<String> redirectTo;
    Optional<String> authorization;

    Draft(Behaviour from) {
      ranges = from.ranges;
      announcesLength = from.announcesLength;
      etag = from.etag;
      status = from.status;
      refusals = from.refusals;
      closeAfter = from.closeAfter;
      stallAfter = from.stallAfter;
      extraLength = from.extraLength;
      bytesPerSecond = from.bytesPerSecond;
      redirectTo = from.redirectTo;
      authorization = from.authorization;
    }

    Behaviour behaviour() {
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
          redirectTo,
          authorization);
    }
  }
}
