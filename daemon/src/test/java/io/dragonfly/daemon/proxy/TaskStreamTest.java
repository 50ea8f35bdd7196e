package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.source.SourceOptions;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A download that fails after its first piece, and what its client gets. */
class TaskStreamTest {
  private final TestContent content = TestContent.of((2 << 20) + 5, 1 << 20);
  private final ByteRange whole = ByteRange.whole((2 << 20) + 5);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final Sources sources = Sources.of(SourceOptions.builder().maxRetries(0).build());
  @TempDir private Path dir;
  private PieceStore store;
  private StoredTask task;
  private HttpServer origin;

  @BeforeEach
  void start() throws IOException {
    store = PieceStore.open(dir.resolve("store"), StoreOptions.defaults(), InstantSource.system());
    task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    content.store(task, 0);
    origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    origin.createContext("/", this::give);
    origin.start();
  }

  @AfterEach
  void stop() throws IOException {
    sources.close();
    origin.stop(0);
    store.close();
    channel.finishAndReleaseAll();
  }

  private void give(HttpExchange exchange) throws IOException {
    try (exchange) {
      content.info().headers().forEach(exchange.getResponseHeaders()::set);
      ByteRange range =
          ByteRange.parse(exchange.getRequestHeaders().getFirst("Range"), whole.length());
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes " + range.start() + "-" + (range.endExclusive() - 1) + "/" + whole.length());
      exchange.sendResponseHeaders(206, range.length());
      exchange.getResponseBody().write(content.bytes(), (int) range.start(), (int) range.length());
    }
  }

  private void send(Code code) throws Exception {
    DownloadRequest request =
        DownloadRequest.of(
            TestContent.KEY.id(), "http://127.0.0.1:" + origin.getAddress().getPort() + "/blob");
    Exchange exchange =
        new Exchange(
            channel,
            new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/"),
            false,
            Duration.ofSeconds(10),
            Optional.empty(),
            () -> {
              var _ = channel.close();
            });
    TaskDownloads tasks = new TaskAtHand(task, Optional.of(code));
    try (TaskStream stream = TaskStream.open(tasks, sources, request, exchange)) {
      stream.send(whole);
    }
  }

  private byte[] sent() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (Object message = channel.readOutbound();
        message != null;
        message = channel.readOutbound()) {
      HttpContent part = (HttpContent) message;
      byte[] some = new byte[part.content().readableBytes()];
      part.content().readBytes(some);
      bytes.writeBytes(some);
      part.release();
    }
    return bytes.toByteArray();
  }

  @Test
  void theRestComesFromTheOriginWhenTheDiskFails() throws Exception {
    send(Code.STORAGE_FAILED);
    assertThat(sent()).isEqualTo(content.bytes());
  }

  @Test
  void whereTheOriginIsGoneTooItIsNoProperEnd() {
    origin.stop(0);
    assertThatThrownBy(() -> send(Code.NO_SOURCE)).isInstanceOf(OriginException.class);
    assertThat(sent()).isEqualTo(Arrays.copyOf(content.bytes(), 1 << 20));
  }

  @Test
  void whatIsWrongIsNotCompleted() {
    assertThatThrownBy(() -> send(Code.DIGEST_MISMATCH)).isInstanceOf(DownloadException.class);
    assertThat(sent()).isEqualTo(Arrays.copyOf(content.bytes(), 1 << 20));
  }
}
