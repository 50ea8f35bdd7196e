package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.piece.ByteRange;
import java.util.List;
import java.util.Optional;

/**
 * What a peer wants.
 *
 * @param headersKey equal for downloads whose request headers are equal; tells nothing of their
 *     values
 * @param priority 0..6 as upstream's LEVEL0..LEVEL6
 * @param range the part that is wanted; empty: everything
 * @param encoded the Download message as it came, with what this version does not know; it goes to
 *     a seed and nowhere else, it may carry credentials
 */
public record DownloadSpec(
    String url,
    Optional<String> digest,
    Optional<String> tag,
    Optional<String> application,
    int type,
    int priority,
    List<String> filteredQueryParams,
    String headersKey,
    Optional<ByteRange> range,
    boolean disableBackToSource,
    boolean needBackToSource,
    boolean metadataOnly,
    int concurrentPieces,
    Opaque encoded) {
  public DownloadSpec {
    filteredQueryParams = List.copyOf(filteredQueryParams);
  }

  /** The same, with the lists that many downloads have alike kept once. */
  DownloadSpec sharing(SharedLists lists) {
    return with(lists.shared(filteredQueryParams), encoded);
  }

  /** The same without the message, which may carry credentials. */
  DownloadSpec withoutMessage() {
    return with(filteredQueryParams, Opaque.EMPTY);
  }

  private DownloadSpec with(List<String> params, Opaque message) {
    return new DownloadSpec(
        url,
        digest,
        tag,
        application,
        type,
        priority,
        params,
        headersKey,
        range,
        disableBackToSource,
        needBackToSource,
        metadataOnly,
        concurrentPieces,
        message);
  }

  /** Without URL and content: neither may reach a log. */
  @Override
  public String toString() {
    return "DownloadSpec[priority=" + priority + ", range=" + range + "]";
  }
}
