package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSocket through the proxy: inside of HTTPS that it looks into, in tunnels, and by URL. */
class UpgradeTest {
  private static final String WISH =
      """
      Host: h
      Upgrade: websocket
      Connection: keep-alive, Upgrade
      Sec-WebSocket-Version: 13
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
      Proxy-Authorization: Basic eDp5
      X-Dragonfly-Tag: t

      """
          .replace("\n", "\r\n");

  @TempDir Path dir;
  private WebSocketOrigin behind;
  private TlsOrigin origin;
  private ProxyDaemon daemon;
  private Path ours;

  @BeforeEach
  void start() throws Exception {
    behind = new WebSocketOrigin();
    origin = new TlsOrigin(dir.resolve("origin"), locations());
    ours = ProxyDaemon.export(dir);
    daemon = ProxyDaemon.of(dir, origin, "", "rules: [{regex: '^https://localhost'}]");
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
    behind.close();
  }

  private String locations() {
    return """
    location /ws {
      proxy_pass http://127.0.0.1:%1$d;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
    }
    location /refused { proxy_pass http://127.0.0.1:%1$d; }
    """
        .formatted(behind.port());
  }

  private static final class Texts implements WebSocket.Listener {
    final BlockingQueue<String> came = new LinkedBlockingQueue<>();
    private final StringBuilder part = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      part.append(data);
      if (last) {
        came.add(part.toString());
        part.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      came.add("closed " + status);
      return null;
    }

    String next() throws InterruptedException {
      return String.valueOf(came.poll(20, TimeUnit.SECONDS));
    }
  }

  private SSLContext trusting(Path pem) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry(
        "one",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(pem))));
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  private void talk(String url) throws Exception {
    Texts texts = new Texts();
    String large = "x".repeat(300_000);
    try (HttpClient client =
        HttpClient.newBuilder()
            .sslContext(trusting(ours))
            .proxy(ProxySelector.of(InetSocketAddress.createUnresolved("127.0.0.1", daemon.port())))
            .build()) {
      WebSocket socket =
          client.newWebSocketBuilder().buildAsync(URI.create(url), texts).get(60, TimeUnit.SECONDS);
      assertThat(texts.next()).isEqualTo("hello");
      for (String text : new String[] {"one", large, "two"}) {
        socket.sendText(text, true).get(60, TimeUnit.SECONDS);
        assertThat(texts.next()).isEqualTo(text);
      }
      socket.sendClose(WebSocket.NORMAL_CLOSURE, "done").get(60, TimeUnit.SECONDS);
      assertThat(texts.next()).isEqualTo("closed 1000");
    }
  }

  @Test
  void insideOfHttpsThatIsLookedInto() throws Exception {
    talk("wss://localhost:" + origin.port() + "/ws");
    // It writes its log when the connection has ended.
    await().untilAsserted(() -> assertThat(origin.asked("GET localhost /ws 101")).isEqualTo(1));
    assertThat(behind.asked.getFirst().names())
        .noneMatch(name -> name.toLowerCase(Locale.ROOT).startsWith("x-dragonfly"));
  }

  @Test
  void inATunnel() throws Exception {
    talk("ws://127.0.0.1:" + behind.port() + "/ws");
  }

  /** Inside of HTTPS, and in a tunnel that is none of HTTPS. */
  @ParameterizedTest
  @ValueSource(strings = {"wss", "ws"})
  void anotherProxyLeadsThere(String scheme) throws Exception {
    String name = ScriptedNames.name("upgraded", "127.0.0.1");
    daemon.close();
    try (TlsOrigin named = new TlsOrigin(dir.resolve("named"), name, locations());
        ProxyDaemon other = ProxyDaemon.inFront(dir.resolve("other"))) {
      String rules = "rules: [{regex: '^https://" + name + "'}]";
      daemon = ProxyDaemon.behind(other, dir, named.authority(), rules);
      int port = scheme.equals("wss") ? named.port() : behind.port();
      String url = scheme + "://" + name + ":" + port + "/ws";
      talk(url);
      other.daemon().close();
      assertThatThrownBy(() -> talk(url)).isInstanceOf(ExecutionException.class);
    }
  }

  /** What comes up to a text. */
  private static String until(Socket socket, String end) throws Exception {
    StringBuilder text = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (text.indexOf(end) < 0) {
      int c = in.read();
      assertThat(c).as("after " + text).isNotNegative();
      text.append((char) c);
    }
    return text.toString();
  }

  @Test
  void byUrl() throws Exception {
    try (Socket socket = daemon.connect()) {
      socket
          .getOutputStream()
          .write(
              ("GET http://127.0.0.1:" + behind.port() + "/ws HTTP/1.1\r\n" + WISH)
                  .getBytes(ISO_8859_1));
      assertThat(until(socket, "\r\n\r\n").toLowerCase(Locale.ROOT))
          .startsWith("http/1.1 101 switching protocols\r\n")
          .contains("\r\nconnection: upgrade\r\n", "\r\nupgrade: websocket\r\n")
          .contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=");
      assertThat(until(socket, "hello")).hasSize(7);
      // A masked text of two bytes.
      socket.getOutputStream().write(new byte[] {(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, 'h', 'i'});
      assertThat(until(socket, "hi")).hasSize(4);
    }
    assertThat(behind.asked.getFirst().names())
        .doesNotContain("Proxy-Authorization", "X-Dragonfly-Tag");
    assertThat(behind.asked.getFirst().get("Host")).isEqualTo("127.0.0.1:" + behind.port());
  }

  @Test
  void anOriginThatRefusesIsHeardAndNothingAfterItPassesUnread() throws Exception {
    String other =
        "GET http://127.0.0.1:" + behind.port() + "/smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    String answer =
        daemon.raw(
            "GET http://127.0.0.1:" + behind.port() + "/refused HTTP/1.1\r\n" + WISH + other);
    assertThat(answer)
        .startsWith("HTTP/1.1 403 Forbidden\r\n")
        .containsIgnoringCase("x-why: because")
        .containsIgnoringCase("connection: close")
        .endsWith("\r\n\r\nnot here");
    assertThat(behind.asked).hasSize(1);

    ProxyDaemon.Run run =
        daemon.curl(
            "--http1.1",
            "--cacert",
            ours.toString(),
            "-H",
            "Connection: Upgrade",
            "-H",
            "Upgrade: websocket",
            "-w",
            " %{http_code}",
            origin.base() + "/refused");
    assertThat(run.text()).isEqualTo("not here 403");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Upgrade: h2c", "Upgrade: TLS/1.0", "Upgrade: websocket, h2c"})
  void wishesForOtherProtocolsGoUnheard(String wish) throws Exception {
    String answer =
        daemon.raw(
            "GET http://127.0.0.1:"
                + behind.port()
                + "/x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\n"
                + wish
                + "\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 403 Forbidden\r\n");
    assertThat(behind.asked.getFirst().names()).doesNotContain("Upgrade");
  }

  @Test
  void forbiddenAddressesAreNotAskedThisWayEither() throws Exception {
    assertThat(daemon.raw("GET http://169.254.169.254/ws HTTP/1.1\r\n" + WISH))
        .startsWith("HTTP/1.1 403 ")
        .contains("X-Dragonfly-Error-Type: proxy");
    assertThat(daemon.raw("GET http://127.0.0.1:1/ws HTTP/1.1\r\n" + WISH))
        .startsWith("HTTP/1.1 502 ")
        .contains("X-Dragonfly-Error-Type: backend");
  }
}
