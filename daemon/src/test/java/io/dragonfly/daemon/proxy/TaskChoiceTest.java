package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import io.dragonfly.common.id.TaskIdentity;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the headers of a request and the rules say of a task. */
class TaskChoiceTest {
  private static final String URL = "http://models.example:8080/a/b?v=1#c";

  private static TaskChoice choice(ProxyOptions.Rule... rules) {
    return choice(/* prefetch= */ false, rules);
  }

  private static TaskChoice choice(boolean prefetch, ProxyOptions.Rule... rules) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return new TaskChoice(
        new ProxyOptions(
            new InetSocketAddress(loopback, 0),
            loopback.getHostAddress(),
            "https://registry.example",
            /* registryIsChosen= */ true,
            /* byBlobDigest= */ false,
            List.of(rules),
            /* disableBackToSource= */ false,
            prefetch,
            100,
            Optional.empty(),
            /* allowLinkLocal= */ false,
            Optional.empty(),
            Duration.ofSeconds(1)));
  }

  private static ProxyOptions.Rule rule(String regex, boolean useTls, String redirect) {
    return new ProxyOptions.Rule(
        Pattern.compile(regex),
        useTls,
        Optional.of(redirect).filter(host -> !host.isEmpty()),
        List.of("v"));
  }

  private static HttpRequest get(String... headers) {
    HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    for (int i = 0; i < headers.length; i += 2) {
      request.headers().set(headers[i], headers[i + 1]);
    }
    return request;
  }

  @ParameterizedTest
  @CsvSource({
    "false, '',          http://models.example:8080/a/b?v=1#c",
    "true,  '',          https://models.example:8080/a/b?v=1#c",
    "true,  mirror:8443, https://mirror:8443/a/b?v=1#c",
    "false, mirror,      http://mirror/a/b?v=1#c",
  })
  void aRuleNamesTheSchemeAndTheHost(boolean useTls, String redirect, String url) throws Exception {
    TaskAsk ask =
        choice(rule("^http://models", useTls, redirect), rule(".*", true, "later"))
            .of(get(), URL, false)
            .orElseThrow();
    assertThat(ask.url()).isEqualTo(url);
  }

  @Test
  void aRuleIsAboutTheUrlWithoutItsQuery() throws Exception {
    assertThat(choice(rule("v=1|c$", false, "")).of(get(), URL, false)).isEmpty();
  }

  @Test
  void parametersThatDoNotCountAreTheRequestsThenTheRulesThenTheUsual() throws Exception {
    TaskChoice ruled = choice(rule("models", false, ""));
    assertThat(ruled.of(get(), URL, false).orElseThrow().filteredQueryParams())
        .containsExactly("v");
    HttpRequest own =
        get("X-Dragonfly-Filtered-Query-Params", "a , ,b", "X-Dragonfly-Use-P2P", "True");
    assertThat(ruled.of(own, URL, false).orElseThrow().filteredQueryParams())
        .containsExactly("a", "b");
    assertThat(choice().of(own, URL, false).orElseThrow().filteredQueryParams())
        .containsExactly("a", "b");
    assertThat(
            choice()
                .of(get("X-Dragonfly-Use-P2P", "true"), URL, false)
                .orElseThrow()
                .filteredQueryParams())
        .isEqualTo(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "3, 3", "x, 6", "1.5, 6"})
  void thePriorityIsTheRequestsOrTheUsual(String said, int priority) throws Exception {
    HttpRequest request = get("X-Dragonfly-Use-P2P", "true", "X-Dragonfly-Priority", said);
    assertThat(choice().of(request, URL, false).orElseThrow().priority()).isEqualTo(priority);
  }

  @Test
  void withoutAPriorityItIsTheUsual() throws Exception {
    assertThat(choice().of(get("X-Dragonfly-Use-P2P", "true"), URL, false).orElseThrow().priority())
        .isEqualTo(6);
  }

  @Test
  void aPieceLengthIsTakenWhenItIsLongEnough() throws Exception {
    HttpRequest request = get("X-Dragonfly-Use-P2P", "true");
    request.headers().set("X-Dragonfly-Piece-Length", "8mib");
    assertThat(choice().of(request, URL, false).orElseThrow().pieceLength()).hasValue(8 << 20);
    request.headers().set("X-Dragonfly-Piece-Length", "long");
    assertThat(choice().of(request, URL, false).orElseThrow().pieceLength()).isEmpty();
    request.headers().set("X-Dragonfly-Piece-Length", "1mib");
    assertThatThrownBy(() -> choice().of(request, URL, false))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("1mib")
        .hasMessageContaining("at least 4mib");
  }

  @Test
  void aRequestDecidesOnPrefetchingBeforeTheConfiguration() {
    var none = get().headers();
    var yes = get("X-Dragonfly-Prefetch", "true").headers();
    var no = get("X-Dragonfly-Prefetch", "false").headers();
    assertThat(choice(/* prefetch= */ true).prefetches(none)).isTrue();
    assertThat(choice(/* prefetch= */ true).prefetches(no)).isFalse();
    assertThat(choice(/* prefetch= */ false).prefetches(none)).isFalse();
    assertThat(choice(/* prefetch= */ false).prefetches(yes)).isTrue();
  }
}
