package io.dragonfly.daemon.proxy;

import io.dragonfly.common.digest.Digest;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a client of the proxy wants of a task.
 *
 * @param headers what the origin is asked with
 * @param range as in HTTP, of one range
 * @param digest what the whole content must have
 * @param byBlobDigest whether the digest in the URL of a blob is the id of the task
 */
public record TaskAsk(
    String url,
    Map<String, String> headers,
    Optional<String> tag,
    Optional<String> application,
    int priority,
    List<String> filteredQueryParams,
    OptionalLong pieceLength,
    Optional<String> contentForTaskId,
    boolean byBlobDigest,
    boolean disableBackToSource,
    Optional<Digest> digest,
    Optional<String> range) {
  public TaskAsk {
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    filteredQueryParams = List.copyOf(filteredQueryParams);
  }

  /** A part of a content has not the digest of the whole. */
  TaskAsk withoutDigest() {
    return with(Optional.empty(), range);
  }

  /** The same task, and of it this part, or all of it. */
  TaskAsk withRange(Optional<String> part) {
    return with(digest, part);
  }

  private TaskAsk with(Optional<Digest> expected, Optional<String> part) {
    return new TaskAsk(
        url,
        headers,
        tag,
        application,
        priority,
        filteredQueryParams,
        pieceLength,
        contentForTaskId,
        byBlobDigest,
        disableBackToSource,
        expected,
        part);
  }

  /** Without URL and headers, which may hold credentials. */
  @Override
  public String toString() {
    return "TaskAsk[range=" + range + "]";
  }
}
