package io.dragonfly.common.id;

import io.dragonfly.common.digest.Digest;
import java.util.Optional;

/**
 * Finds the digest in the URL of a registry's blob. The pattern is {@code
 * ^(.*)://(.*)/v2/(.*)/blobs/([^?]+)(?:\?.*)?$}, each group greedy; written out so that a hostile
 * URL costs linear time.
 */
final class BlobUrl {
  private static final String BLOBS = "/blobs/";

  private BlobUrl() {}

  /**
   * The part after the algorithm, letter by letter as in the URL; empty when the URL has no valid
   * digest there.
   */
  static Optional<String> encodedDigest(String url) {
    int scheme = url.indexOf("://");
    int v2 = scheme < 0 ? -1 : url.indexOf("/v2/", scheme + 3);
    if (v2 < 0 || url.indexOf('\n') >= 0) {
      return Optional.empty();
    }
    int blobs = url.lastIndexOf(BLOBS);
    while (blobs >= v2 + 4 && !hasText(url, blobs + BLOBS.length())) {
      blobs = url.lastIndexOf(BLOBS, blobs - 1);
    }
    if (blobs < v2 + 4) {
      return Optional.empty();
    }
    int start = blobs + BLOBS.length();
    int end = url.indexOf('?', start);
    return encoded(url.substring(start, end < 0 ? url.length() : end));
  }

  private static boolean hasText(String url, int start) {
    return start < url.length() && url.charAt(start) != '?';
  }

  private static Optional<String> encoded(String text) {
    if (text.length() > TaskId.MAX_LENGTH) {
      return Optional.empty();
    }
    try {
      Digest _ = Digest.parse(text);
      return Optional.of(text.substring(text.indexOf(':') + 1));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
