package io.dragonfly.daemon.source;

import io.dragonfly.common.lifecycle.Cancellation;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One look at an origin. Begin with {@link #of} and change what differs:
 *
 * <pre>{@code
 * OriginRequest.of(url).withHeaders(headers).withRange(OriginRange.from(0))
 * }</pre>
 *
 * @param headers the user's request headers; what belongs to the connection or to ranges (Host,
 *     Range, If-Range and the like) is left out
 * @param expected the validators of the version that the caller already holds parts of; an answer
 *     that belongs to another version fails with CHANGED
 * @param certificateChain certificates (DER or PEM) to trust for this request beside the usual ones
 * @param timeout bounds {@link Source#open}, all attempts, redirects and pauses included; reading
 *     the body is bounded by the stall timeout instead; more than 30 days count as 30
 * @param head whether the answer without its body is wanted, of the whole content
 */
public record OriginRequest(
    String url,
    Map<String, String> headers,
    OriginRange range,
    Optional<Validators> expected,
    List<byte[]> certificateChain,
    Duration timeout,
    Cancellation cancellation,
    boolean head) {
  /** Upstream's piece timeout. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(6);

  private static final Duration LONGEST_TIMEOUT = Duration.ofDays(30);

  public OriginRequest {
    headers = new LinkedHashMap<>(headers);
    certificateChain = List.copyOf(certificateChain);
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout " + timeout + " must be longer than nothing");
    }
    if (timeout.compareTo(LONGEST_TIMEOUT) > 0) {
      timeout = LONGEST_TIMEOUT;
    }
  }

  /** The whole content of a URL, without anything else. */
  public static OriginRequest of(String url) {
    return new OriginRequest(
        url,
        Map.of(),
        OriginRange.whole(),
        Optional.empty(),
        List.of(),
        DEFAULT_TIMEOUT,
        new Cancellation(),
        false);
  }

  public OriginRequest withHeaders(Map<String, String> value) {
    return new OriginRequest(
        url, value, range, expected, certificateChain, timeout, cancellation, head);
  }

  public OriginRequest withRange(OriginRange value) {
    return new OriginRequest(
        url, headers, value, expected, certificateChain, timeout, cancellation, head);
  }

  public OriginRequest withExpected(Validators value) {
    return new OriginRequest(
        url, headers, range, Optional.of(value), certificateChain, timeout, cancellation, head);
  }

  public OriginRequest withCertificateChain(List<byte[]> value) {
    return new OriginRequest(url, headers, range, expected, value, timeout, cancellation, head);
  }

  public OriginRequest withTimeout(Duration value) {
    return new OriginRequest(
        url, headers, range, expected, certificateChain, value, cancellation, head);
  }

  public OriginRequest withCancellation(Cancellation value) {
    return new OriginRequest(url, headers, range, expected, certificateChain, timeout, value, head);
  }

  /** Only whether the origin would give it. */
  public OriginRequest asHead() {
    return new OriginRequest(
        url, headers, OriginRange.whole(), expected, certificateChain, timeout, cancellation, true);
  }

  /** Without URL and headers, which may hold credentials. */
  @Override
  public String toString() {
    return "OriginRequest[range=" + range + ", timeout=" + timeout + "]";
  }
}
