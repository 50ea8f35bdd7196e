package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How often a registry and its token server are asked by many clients of one proxy. */
class TokenLoadTest {
  private static final byte[] BLOB = "content of a layer".repeat(1000).getBytes(UTF_8);

  @TempDir Path dir;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** The Authorization of each request to the token server; "none" without. */
  private final List<String> tokensAsked = new CopyOnWriteArrayList<>();

  private final List<String> blobsAsked = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private Daemon daemon;
  private HttpClient http;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 512);
    server.setExecutor(threads);
    server.createContext("/token", this::giveToken);
    server.createContext("/v2/", this::giveBlob);
    server.start();
    daemon = new Daemon(LoopbackConfig.of(dir, "one", ""), dir.resolve("dynconfig.yaml"));
    daemon.start();
    http =
        HttpClient.newBuilder()
            .proxy(
                ProxySelector.of(
                    InetSocketAddress.createUnresolved("127.0.0.1", daemon.proxyPort())))
            .executor(threads)
            .build();
  }

  @AfterEach
  void stop() {
    http.close();
    daemon.close();
    server.stop(0);
    threads.shutdownNow();
  }

  private String base() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private static String said(HttpExchange exchange) {
    String said = exchange.getRequestHeaders().getFirst("Authorization");
    return said == null ? "none" : said;
  }

  /** A token names the credentials that it was given for; "Basic bad" gets none. */
  private void giveToken(HttpExchange exchange) throws IOException {
    try (exchange) {
      String said = said(exchange);
      tokensAsked.add(said);
      if (said.equals("Basic bad")) {
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      String token = HexFormat.of().formatHex(said.getBytes(UTF_8));
      byte[] body = ("{\"token\":\"" + token + "\",\"expires_in\":300}").getBytes(UTF_8);
      exchange.getResponseHeaders().set("Set-Cookie", "session=1");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private void giveBlob(HttpExchange exchange) throws IOException {
    try (exchange) {
      blobsAsked.add(said(exchange));
      if (!said(exchange).startsWith("Bearer ")) {
        exchange
            .getResponseHeaders()
            .set(
                "WWW-Authenticate",
                "Bearer realm=\"" + base() + "/token\",service=\"r\",scope=\"repository:a:pull\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      exchange.sendResponseHeaders(200, BLOB.length);
      exchange.getResponseBody().write(BLOB);
    }
  }

  private HttpResponse<byte[]> get(String url, String authorization) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    return http.send(request.build(), BodyHandlers.ofByteArray());
  }

  /** Asks for a token as the registry says; the token, or empty if there is none. */
  private String token(HttpResponse<byte[]> refused, String credentials) throws Exception {
    assertThat(refused.statusCode()).isEqualTo(401);
    String challenge = refused.headers().firstValue("www-authenticate").orElseThrow();
    Matcher parts =
        Pattern.compile("realm=\"(.*?)\",service=\"(.*?)\",scope=\"(.*?)\"").matcher(challenge);
    assertThat(parts.find()).isTrue();
    HttpResponse<byte[]> answer =
        get(
            parts.group(1) + "?service=" + parts.group(2) + "&scope=" + parts.group(3),
            credentials);
    Matcher token =
        Pattern.compile("\"token\":\"(.*?)\"").matcher(new String(answer.body(), UTF_8));
    return token.find() ? token.group(1) : "";
  }

  /** As a container runtime does: asks, is refused, fetches a token, asks again. */
  private void pull(String path, String credentials) throws Exception {
    String token = token(get(base() + path, ""), credentials);
    assertThat(token)
        .isEqualTo(
            HexFormat.of()
                .formatHex((credentials.isEmpty() ? "none" : credentials).getBytes(UTF_8)));
    assertThat(get(base() + path, "Bearer " + token).body()).isEqualTo(BLOB);
  }

  @Test
  void aThousandPullsCostTheTokenServerAHandfulOfRequests() throws Exception {
    String hex = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(BLOB));
    String path = "/v2/a/blobs/sha256:" + hex;
    List<Future<?>> pulls = new ArrayList<>();
    try (ExecutorService some = Executors.newFixedThreadPool(24)) {
      for (int i = 0; i < 1000; i++) {
        String credentials = i % 2 == 0 ? "" : "Basic one";
        pulls.add(
            some.submit(() -> {
              pull(path, credentials);
              return null;
            }));
      }
      for (Future<?> pull : pulls) {
        pull.get();
      }
    }
    assertThat(tokensAsked).as("one for each of two callers").hasSize(2);
    // The content itself, and whether each of two tokens may have it; the rest ask without any.
    assertThat(blobsAsked.stream().filter(said -> said.startsWith("Bearer "))).hasSizeLessThan(10);
  }

  @Test
  void aRefusalIsNeitherKeptNorGivenToOthers() throws Exception {
    String url = base() + "/v2/a/manifests/latest";
    for (int i = 0; i < 3; i++) {
      assertThat(token(get(url, ""), "Basic bad")).isEmpty();
    }
    assertThat(tokensAsked).containsExactly("Basic bad", "Basic bad", "Basic bad");
    assertThat(token(get(url, ""), "Basic good")).isNotEmpty();
    assertThat(token(get(url, ""), "Basic good")).isNotEmpty();
    assertThat(tokensAsked).hasSize(4);
  }

  @Test
  void whereNoRegistrySentAnybodyNothingIsKept() throws Exception {
    for (int i = 0; i < 2; i++) {
      HttpResponse<byte[]> answer = get(base() + "/token?service=r&scope=s", "");
      assertThat(answer.headers().firstValue("set-cookie")).isPresent();
    }
    assertThat(tokensAsked).hasSize(2);
  }
}
