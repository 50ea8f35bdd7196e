package io.dragonfly.daemon.source;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Decides whether an origin's answer fits what was asked (RFC 9110, 14 and 15): no I/O, no time.
 *
 * <pre>
 *   asked             answer                  verdict
 *   whole             200                     accepted
 *   whole             206                     bad answer
 *   part              206, exactly that part  accepted
 *   part              206, anything else      bad answer
 *   part from 0       206, total unknown      ask again for the whole (nothing expected yet)
 *   part from 0       200                     accepted as the whole (nothing expected yet)
 *   part from 0       416                     ask again for the whole (nothing expected yet)
 *   part              200                     no ranges (later start, or a version expected)
 *   any               other version           changed, whatever else is wrong
 * </pre>
 */
final class AnswerCheck {
  /**
   * What of an answer decides.
   *
   * @param framedLength the body's length as the framing has it; empty for chunked and for bodies
   *     that end with the connection
   * @param headers entity headers, names in lower case
   */
  record Head(
      int status,
      OptionalLong framedLength,
      Optional<String> contentRange,
      boolean acceptsRanges,
      Map<String, String> headers) {}

  /** What to do with an answer. */
  sealed interface Verdict {
    /** Read the body, which begins at {@code start} of the content. */
    record Accepted(
        long start,
        OptionalLong bodyLength,
        OptionalLong contentLength,
        boolean ranged,
        Validators validators)
        implements Verdict {}

    /** Ask again, without a range: the content is empty, or its length cannot be told. */
    record AskForWhole() implements Verdict {}

    /** The content is another version; {@code difference} says how that shows. */
    record Changed(String difference) implements Verdict {}

    /** The version fits, but no parts of it are given. */
    record NoRanges() implements Verdict {}

    /** The answer contradicts the request or itself. */
    record Bad(String why) implements Verdict {}

    /** The origin refuses (4xx). */
    record Refused() implements Verdict {}
  }

  private final OriginRange range;
  private final boolean askedForPart;
  private final Optional<Validators> expected;

  /**
   * @param askedForPart whether the request had a Range header; false once it was asked again for
   *     the whole
   */
  AnswerCheck(OriginRange range, boolean askedForPart, Optional<Validators> expected) {
    this.range = range;
    this.askedForPart = askedForPart;
    this.expected = expected;
  }

  Verdict check(Head head) {
    return switch (head.status()) {
      case 200, 203 -> checkWhole(head);
      case 206 -> checkPart(head);
      case 416 -> checkUnsatisfiable(head);
      default ->
          head.status() >= 400
              ? new Verdict.Refused()
              : new Verdict.Bad("status " + head.status() + " carries no content");
    };
  }

  private Verdict checkWhole(Head head) {
    Validators answered = Validators.of(head.headers(), head.framedLength());
    Optional<String> difference = difference(answered);
    if (difference.isPresent()) {
      return new Verdict.Changed(difference.get());
    }
    if (askedForPart && (range.first() > 0 || expected.isPresent())) {
      return new Verdict.NoRanges();
    }
    boolean ranged = !range.isPart() && head.acceptsRanges();
    return new Verdict.Accepted(
        0, head.framedLength(), head.framedLength(), ranged, known(answered));
  }

  private Verdict checkPart(Head head) {
    if (!askedForPart) {
      return new Verdict.Bad("it sent a part (206) although the whole content was asked for");
    }
    Optional<ContentRange> header = head.contentRange().flatMap(ContentRange::parse);
    if (header.isEmpty() || header.get().part().isEmpty()) {
      String type = head.headers().getOrDefault("content-type", "").toLowerCase(Locale.ROOT);
      return new Verdict.Bad(
          type.startsWith("multipart/")
              ? "it sent several parts although one was asked for"
              : "it sent a part (206) without a proper Content-Range header");
    }
    ContentRange.Part part = header.get().part().get();
    OptionalLong total = header.get().total();
    Validators answered = Validators.of(head.headers(), total);
    Optional<String> difference = difference(answered);
    if (difference.isPresent()) {
      return new Verdict.Changed(difference.get());
    }
    if (part.first() != range.first() || !endsAsAsked(part, total)) {
      return new Verdict.Bad(
          "it was asked for "
              + range.toHttp()
              + " and sent bytes "
              + part.first()
              + "-"
              + part.last()
              + (total.isPresent() ? " of " + total.getAsLong() : ""));
    }
    if (head.framedLength().isPresent() && head.framedLength().getAsLong() != part.length()) {
      return new Verdict.Bad(
          "its Content-Range holds "
              + part.length()
              + " bytes and its Content-Length says "
              + head.framedLength().getAsLong());
    }
    if (total.isEmpty() && expected.isEmpty() && range.first() == 0) {
      return new Verdict.AskForWhole();
    }
    Validators known = known(answered);
    return new Verdict.Accepted(
        part.first(), OptionalLong.of(part.length()), known.length(), true, known);
  }

  private boolean endsAsAsked(ContentRange.Part part, OptionalLong total) {
    long asked = range.end().orElse(Long.MAX_VALUE);
    return total.isPresent()
        ? part.last() == Math.min(asked, total.getAsLong()) - 1
        : part.last() < asked;
  }

  private Verdict checkUnsatisfiable(Head head) {
    OptionalLong total =
        head.contentRange()
            .flatMap(ContentRange::parse)
            .map(ContentRange::total)
            .orElse(OptionalLong.empty());
    // The other headers of a 416 belong to its error page.
    Optional<String> difference =
        difference(new Validators(Optional.empty(), Optional.empty(), total));
    if (difference.isPresent()) {
      return new Verdict.Changed(difference.get());
    }
    return askedForPart && range.first() == 0 && expected.isEmpty()
        ? new Verdict.AskForWhole()
        : new Verdict.Refused();
  }

  private Optional<String> difference(Validators answered) {
    return expected.flatMap(version -> version.difference(answered));
  }

  /** What is known of the version now: a later answer may leave out what an earlier one told. */
  private Validators known(Validators answered) {
    if (expected.isEmpty()) {
      return answered;
    }
    Validators before = expected.get();
    return new Validators(
        before.etag().or(answered::etag),
        before.lastModified().or(answered::lastModified),
        before.length().isPresent() ? before.length() : answered.length());
  }
}
