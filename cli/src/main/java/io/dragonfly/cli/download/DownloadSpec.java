package io.dragonfly.cli.download;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the user asked for.
 *
 * @param url absolute URL of the content
 * @param output absolute path of the file to make
 * @param overwrite whether an existing file may be replaced
 * @param forceHardLink fail unless the daemon can hard-link the file from its store
 * @param stream take the content over the socket instead of letting the daemon write the file
 * @param digest checked before the file appears
 * @param priority 0..6, as in common.v2.Priority
 * @param pieceLength bytes, at least 4 MiB
 * @param headers for the origin, each {@code Name: value}; they may hold credentials and are never
 *     shown
 * @param filteredQueryParams parameters left out of the task id; absent means the built-in list
 * @param timeout for the whole download
 * @param contentForTaskId the task id is the SHA-256 of this when given
 * @param bytesPerSecond how fast the content may come to this host; absent for no limit
 */
public record DownloadSpec(
    String url,
    Path output,
    boolean overwrite,
    boolean forceHardLink,
    boolean stream,
    Optional<String> digest,
    Optional<String> tag,
    Optional<String> application,
    int priority,
    OptionalLong pieceLength,
    List<String> headers,
    Optional<List<String>> filteredQueryParams,
    boolean disableBackToSource,
    Duration timeout,
    Optional<String> contentForTaskId,
    OptionalLong bytesPerSecond) {
  public DownloadSpec {
    if (!output.isAbsolute()) {
      throw new IllegalArgumentException("the output must be an absolute path: " + output);
    }
    headers = List.copyOf(headers);
    if (filteredQueryParams.isPresent()) {
      filteredQueryParams = Optional.of(List.copyOf(filteredQueryParams.get()));
    }
  }

  /** The URL as it may be shown: without user info, query and fragment. */
  public String shownUrl() {
    return shown(url);
  }

  /** Cuts user info, query and fragment from a URL: they may hold secrets. */
  public static String shown(String url) {
    int end = url.length();
    int query = url.indexOf('?');
    if (query >= 0) {
      end = query;
    }
    int fragment = url.indexOf('#');
    if (fragment >= 0 && fragment < end) {
      end = fragment;
    }
    int authority = url.indexOf("://");
    if (authority < 0 || authority > end) {
      return url.substring(0, end);
    }
    authority += 3;
    int path = url.indexOf('/', authority);
    int authorityEnd = path < 0 || path > end ? end : path;
    int at = url.lastIndexOf('@', authorityEnd - 1);
    if (at < authority) {
      return url.substring(0, end);
    }
    return url.substring(0, authority) + url.substring(at + 1, end);
  }
}
