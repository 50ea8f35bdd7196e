package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.SourceOptions;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.flow.FlowControlHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes from the store to a client's socket past the event loop, and what becomes of it. */
class ClientSocketTest {
  private static final int LENGTH = (20 << 20) + 5;
  private static final String REQUEST = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";

  private final TestContent content = TestContent.of(LENGTH, 4 << 20);
  private final Sources sources = Sources.of(SourceOptions.builder().maxRetries(0).build());
  private final EventLoops loops = new EventLoops("test", 1);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
  @TempDir private Path dir;
  private PieceStore store;
  private StoredTask task;
  private HttpServer origin;
  private Channel server;

  @BeforeEach
  void start() throws IOException {
    store = PieceStore.open(dir.resolve("store"), StoreOptions.defaults(), InstantSource.system());
    task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    for (int piece = 0; piece < content.layout().pieceCount(); piece++) {
      content.store(task, piece);
    }
    origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    origin.createContext("/", this::give);
    origin.start();
    server =
        new ServerBootstrap()
            .group(loops.group())
            .channelFactory(ClientSocket.Listening::new)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.SO_SNDBUF, 64 << 10)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    AnswerEncoder encoder = new AnswerEncoder();
                    channel
                        .pipeline()
                        .addLast(
                            new StrictDecoder(),
                            encoder,
                            new FlowControlHandler(),
                            new ClientConnection(
                                encoder,
                                threads,
                                ClientSocketTest.this::answer,
                                Duration.ofSeconds(30),
                                Optional.empty()));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
  }

  @AfterEach
  void stop() throws IOException {
    server.close().syncUninterruptibly();
    loops.close();
    threads.close();
    sources.close();
    origin.stop(0);
    store.close();
  }

  private void give(HttpExchange exchange) throws IOException {
    try (exchange) {
      content.info().headers().forEach(exchange.getResponseHeaders()::set);
      ByteRange range = ByteRange.parse(exchange.getRequestHeaders().getFirst("Range"), LENGTH);
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes " + range.start() + "-" + (range.endExclusive() - 1) + "/" + LENGTH);
      exchange.sendResponseHeaders(206, range.length());
      exchange.getResponseBody().write(content.bytes(), (int) range.start(), (int) range.length());
    }
  }

  private void answer(Exchange exchange) {
    DownloadRequest request =
        DownloadRequest.of(
            TestContent.KEY.id(), "http://127.0.0.1:" + origin.getAddress().getPort() + "/blob");
    ByteRange whole = ByteRange.whole(LENGTH);
    try (TaskStream stream =
        TaskStream.open(new TaskAtHand(task, Optional.empty()), sources, request, exchange)) {
      exchange.beginWithPart(HttpResponseStatus.OK, new DefaultHttpHeaders(), LENGTH);
      stream.send(whole);
      exchange.end();
      ends.add("sent " + exchange.sent() + ", past the loop: " + exchange.takesFiles());
    } catch (Exception e) {
      exchange.abort();
      ends.add(e.getClass().getSimpleName());
    }
  }

  private Socket ask() throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(64 << 10);
    socket.connect(server.localAddress());
    socket.setSoTimeout(30_000);
    socket.getOutputStream().write(REQUEST.getBytes(US_ASCII));
    return socket;
  }

  private static void skipHead(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(US_ASCII).endsWith("\r\n\r\n")) {
      head.write(in.read());
    }
    assertThat(head.toString(US_ASCII)).startsWith("HTTP/1.1 200 OK\r\n");
  }

  private String end() throws InterruptedException {
    return String.valueOf(ends.poll(30, TimeUnit.SECONDS));
  }

  @Test
  void allOfItArrivesOverASmallSocketAndTheConnectionServesAnotherRequest() throws Exception {
    try (Socket socket = ask()) {
      for (int i = 0; i < 2; i++) {
        skipHead(socket.getInputStream());
        assertThat(socket.getInputStream().readNBytes(LENGTH)).isEqualTo(content.bytes());
        assertThat(end()).isEqualTo("sent " + LENGTH + ", past the loop: true");
        socket.getOutputStream().write(REQUEST.getBytes(US_ASCII));
      }
    }
  }

  @Test
  void whatTheFileLacksComesFromTheOrigin() throws Exception {
    int kept = 10 << 20;
    try (RandomAccessFile file = new RandomAccessFile(task.file().toFile(), "rw")) {
      file.setLength(kept + 123);
    }
    try (Socket socket = ask()) {
      skipHead(socket.getInputStream());
      assertThat(socket.getInputStream().readNBytes(LENGTH)).isEqualTo(content.bytes());
    }
    assertThat(end()).isEqualTo("sent " + LENGTH + ", past the loop: false");
  }

  @Test
  void whoGoesAwayMidwayEndsTheAnswer() throws Exception {
    try (Socket socket = ask()) {
      skipHead(socket.getInputStream());
      byte[] some = socket.getInputStream().readNBytes(5 << 20);
      assertThat(some).isEqualTo(Arrays.copyOf(content.bytes(), 5 << 20));
    }
    assertThat(end()).isEqualTo("ClientGoneException");
  }
}
