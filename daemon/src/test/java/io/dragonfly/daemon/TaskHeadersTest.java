package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskIdentity;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What tells contents apart in requests to the proxy, and the rules that change where they go. */
class TaskHeadersTest {
  private static final String QUERY = "?v=1&w=2&Signature=s";
  private static final Optional<String> NONE = Optional.empty();

  @TempDir Path dir;

  private static HttpResponse<byte[]> get(ProxyDaemon daemon, ProxyOrigin origin, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + daemon.port() + origin.path() + QUERY))
            .header("X-Dragonfly-Registry", origin.base());
    if (headers.length > 0) {
      request.headers(headers);
    }
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request.build(), BodyHandlers.ofByteArray());
    }
  }

  private static String idOf(ProxyDaemon daemon, ProxyOrigin origin, String... headers)
      throws Exception {
    HttpResponse<byte[]> answer = get(daemon, origin, headers);
    assertThat(answer.body()).isEqualTo(origin.blob());
    return answer.headers().firstValue("x-dragonfly-task-id").orElseThrow();
  }

  private static String id(
      ProxyOrigin origin,
      Optional<String> tag,
      Optional<String> application,
      OptionalLong pieceLength,
      List<String> filtered,
      Optional<String> content,
      boolean byBlobDigest)
      throws Exception {
    String url = origin.base() + origin.path() + QUERY;
    return new TaskIdentity(
            url, tag, application, NONE, pieceLength, filtered, content, byBlobDigest)
        .taskId()
        .value();
  }

  @Test
  void eachMakesTheTaskThatUpstreamsProgramsMake() throws Exception {
    List<String> usual = TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS;
    OptionalLong any = OptionalLong.empty();
    try (ProxyOrigin origin = new ProxyOrigin(5_000_000);
        ProxyDaemon daemon = ProxyDaemon.of(dir, "", "")) {
      assertThat(idOf(daemon, origin)).isEqualTo(id(origin, NONE, NONE, any, usual, NONE, false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Tag", "t"))
          .isEqualTo(id(origin, Optional.of("t"), NONE, any, usual, NONE, false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Application", "a"))
          .isEqualTo(id(origin, NONE, Optional.of("a"), any, usual, NONE, false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Piece-Length", "8mib"))
          .isEqualTo(id(origin, NONE, NONE, OptionalLong.of(8 << 20), usual, NONE, false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Filtered-Query-Params", "v, w"))
          .isEqualTo(id(origin, NONE, NONE, any, List.of("v", "w"), NONE, false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Content-For-Calculating-Task-ID", "c"))
          .isEqualTo(id(origin, NONE, NONE, any, usual, Optional.of("c"), false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Enable-Task-ID-Based-Blob-Digest", "true"))
          .isEqualTo(id(origin, NONE, NONE, any, usual, NONE, true))
          .isEqualTo(origin.path().substring(origin.path().indexOf(':') + 1));
      Set<String> paths = new HashSet<>();
      origin.asked.forEach(one -> paths.add(one.target()));
      assertThat(origin.asked)
          .flatExtracting(one -> one.headers().keySet())
          .as("what speaks to the proxy stays here")
          .noneMatch(name -> name.startsWith("X-dragonfly"));
      assertThat(paths).as("what is filtered is asked for").containsExactly(origin.path() + QUERY);

      HttpResponse<byte[]> refused = get(daemon, origin, "X-Dragonfly-Piece-Length", "1mib");
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.headers().firstValue("x-dragonfly-error-type")).hasValue("proxy");
    }
  }

  @Test
  void aRuleSaysWhichParametersDoNotCount() throws Exception {
    try (ProxyOrigin origin = new ProxyOrigin(5000);
        ProxyDaemon daemon =
            ProxyDaemon.of(dir, "", "rules: [{regex: blobs, filteredQueryParams: [v]}]")) {
      assertThat(idOf(daemon, origin))
          .isEqualTo(id(origin, NONE, NONE, OptionalLong.empty(), List.of("v"), NONE, false));
      assertThat(idOf(daemon, origin, "X-Dragonfly-Filtered-Query-Params", "w"))
          .isEqualTo(id(origin, NONE, NONE, OptionalLong.empty(), List.of("w"), NONE, false));
    }
  }

  @Test
  void aRuleHasTheOriginAskedByHttps() throws Exception {
    try (TlsOrigin origin = new TlsOrigin(dir.resolve("origin"), "");
        ProxyDaemon daemon =
            ProxyDaemon.of(
                dir,
                origin,
                "",
                "rules: [{regex: '^http://localhost:%d/', useTLS: true}]"
                    .formatted(origin.port()))) {
      Files.writeString(dir.resolve("origin/files/model"), "weights");
      ProxyDaemon.Run run = daemon.curl("http://localhost:" + origin.port() + "/model");
      assertThat(run.text()).isEqualTo("weights");
      assertThat(run.lines()).anyMatch(line -> line.startsWith("x-dragonfly-task-id:"));
    }
  }
}
