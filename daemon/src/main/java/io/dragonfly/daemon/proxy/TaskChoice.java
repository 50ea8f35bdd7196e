package io.dragonfly.daemon.proxy;

import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskIdentity;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Which requests go through the swarm: a GET without a condition, of what a rule matches, of what a
 * registry names by its digest, or that asks for it itself.
 */
final class TaskChoice {
  /** Upstream's default; on the wire 0 is the highest. */
  private static final int USUAL_PRIORITY = 6;

  private static final long SMALLEST_PIECE = 4 << 20;
  private static final String OUTPUT_PATH = "X-Dragonfly-Output-Path";

  /** What is answered by the origin alone, for it knows its version. */
  private static final List<CharSequence> CONDITIONS =
      List.of(
          HttpHeaderNames.IF_MATCH,
          HttpHeaderNames.IF_NONE_MATCH,
          HttpHeaderNames.IF_MODIFIED_SINCE,
          HttpHeaderNames.IF_UNMODIFIED_SINCE);

  private final ProxyOptions options;

  TaskChoice(ProxyOptions options) {
    this.options = options;
  }

  /**
   * What to ask of the swarm; empty to ask the origin.
   *
   * @param registry the URL is that of a registry
   * @throws Refusal for a header of ours that can't be followed
   */
  Optional<TaskAsk> of(HttpRequest request, String url, boolean registry) throws Refusal {
    return request.method().equals(HttpMethod.GET)
        ? chosen(request.headers(), url, registry, options.disableBackToSource())
        : Optional.empty();
  }

  /**
   * What to ask of the swarm, and not of the origin again, for a HEAD of what a registry names by
   * its digest when the registry does not answer; empty for other requests.
   *
   * @throws Refusal for a header of ours that can't be followed
   */
  Optional<TaskAsk> ofHead(HttpRequest request, String url) throws Refusal {
    return request.method().equals(HttpMethod.HEAD) && Registries.digest(url).isPresent()
        ? chosen(request.headers(), url, /* registry= */ true, /* disableBackToSource= */ true)
        : Optional.empty();
  }

  private Optional<TaskAsk> chosen(
      HttpHeaders headers, String url, boolean registry, boolean disableBackToSource)
      throws Refusal {
    if (CONDITIONS.stream().anyMatch(headers::contains)
        || headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
        || !"0".equals(headers.get(HttpHeaderNames.CONTENT_LENGTH, "0").strip())) {
      return Optional.empty();
    }
    Optional<ProxyOptions.Rule> rule =
        options.rules().stream().filter(one -> one.url().matcher(plain(url)).find()).findFirst();
    Optional<Digest> digest = registry ? Registries.digest(url) : Optional.empty();
    boolean asked = "true".equalsIgnoreCase(headers.get("X-Dragonfly-Use-P2P"));
    if (rule.isEmpty() && digest.isEmpty() && !asked) {
      return Optional.empty();
    }
    if (headers.contains(OUTPUT_PATH)) {
      throw new Refusal(
          HttpResponseStatus.FORBIDDEN,
          Refusal.Type.PROXY,
          OUTPUT_PATH
              + " is not obeyed: who reaches the proxy may not write files on this host. Have them"
              + " written by dfget -O, with the rights of its user, or take the answer's body.");
    }
    return Optional.of(
        new TaskAsk(
            rule.map(one -> rewritten(url, one)).orElse(url),
            Fields.ofTask(headers),
            text(headers, "X-Dragonfly-Tag"),
            text(headers, "X-Dragonfly-Application"),
            priority(headers.get("X-Dragonfly-Priority")),
            filtered(headers, rule),
            pieceLength(headers.get("X-Dragonfly-Piece-Length")),
            text(headers, "X-Dragonfly-Content-For-Calculating-Task-ID"),
            flag(headers, "X-Dragonfly-Enable-Task-ID-Based-Blob-Digest", options.byBlobDigest()),
            disableBackToSource,
            digest,
            Optional.empty()));
  }

  /** Whether a request for a part is to bring the whole content. */
  boolean prefetches(HttpHeaders headers) {
    return flag(headers, "X-Dragonfly-Prefetch", options.prefetch());
  }

  private static String plain(String url) {
    int end = url.length();
    for (char c : new char[] {'?', '#'}) {
      int at = url.indexOf(c);
      end = at < 0 ? end : Math.min(end, at);
    }
    return url.substring(0, end);
  }

  /** With the scheme and the host that a rule wants. */
  private static String rewritten(String url, ProxyOptions.Rule rule) {
    int slashes = url.indexOf("://") + 3;
    int path = slashes;
    while (path < url.length() && "/?#".indexOf(url.charAt(path)) < 0) {
      path++;
    }
    String scheme = rule.useTls() ? "https://" : url.substring(0, slashes);
    return scheme + rule.redirect().orElse(url.substring(slashes, path)) + url.substring(path);
  }

  private static List<String> filtered(HttpHeaders headers, Optional<ProxyOptions.Rule> rule) {
    String text = headers.get("X-Dragonfly-Filtered-Query-Params");
    if (text != null) {
      return Arrays.stream(text.split(",", -1))
          .map(String::strip)
          .filter(name -> !name.isEmpty())
          .toList();
    }
    return rule.map(ProxyOptions.Rule::filteredQueryParams)
        .orElse(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS);
  }

  private static int priority(@Nullable String text) {
    try {
      return text == null ? USUAL_PRIORITY : Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      return USUAL_PRIORITY;
    }
  }

  private static OptionalLong pieceLength(@Nullable String text) throws Refusal {
    if (text == null) {
      return OptionalLong.empty();
    }
    long bytes;
    try {
      bytes = ByteSize.parse(text.strip()).bytes();
    } catch (IllegalArgumentException e) {
      return OptionalLong.empty();
    }
    if (bytes < SMALLEST_PIECE) {
      throw Refusal.badRequest(
          "X-Dragonfly-Piece-Length is " + text + ": it must be at least 4mib");
    }
    return OptionalLong.of(bytes);
  }

  private static boolean flag(HttpHeaders headers, String name, boolean usual) {
    String text = headers.get(name);
    return text == null ? usual : text.equalsIgnoreCase("true");
  }

  private static Optional<String> text(HttpHeaders headers, String name) {
    return Optional.ofNullable(headers.get(name)).filter(value -> !value.isEmpty());
  }
}
