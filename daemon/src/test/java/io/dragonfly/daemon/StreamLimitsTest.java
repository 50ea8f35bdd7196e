package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.OwnAuthority;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.hamcrest.Description;
import org.hamcrest.TypeSafeMatcher;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The proxy's HTTP/2 towards a client that takes little, or asks and gives up without end. */
class StreamLimitsTest {
  /** More than what the buffers of all sockets on the way hold. */
  private static final int LENGTH = 40 << 20;

  private static final int WINDOW = 65_535;

  @TempDir Path dir;
  private final MultiThreadIoEventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private ProxyOrigin behind;
  private TlsOrigin origin;
  private Daemon daemon;
  private CertificateAuthority authority;

  @BeforeEach
  void start() throws Exception {
    behind = new ProxyOrigin(LENGTH);
    origin =
        new TlsOrigin(
            dir.resolve("origin"),
            "location /v2/ { proxy_buffering off; proxy_pass " + behind.base() + "; }");
    OwnAuthority own = new OwnAuthority(dir.resolve("one/ca"));
    authority = own.readOrMake("one");
    own.export();
    daemon =
        new Daemon(
            LoopbackConfig.ofProxy(
                dir,
                "one",
                """
                backend: {caCert: %s}
                proxy:
                  server: {ip: 127.0.0.1, port: 0}
                  registryMirror: {addr: "%s"}
                """
                    .formatted(origin.authority(), origin.base())),
            dir.resolve("dynconfig.yaml"));
    daemon.start();
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
    behind.close();
    loops.shutdownGracefully().awaitUninterruptibly();
  }

  private String authority() {
    return "localhost:" + origin.port();
  }

  /** A connection of HTTP/2 inside of a tunnel, once the proxy has answered the CONNECT. */
  private Channel connect() throws Exception {
    var tls =
        SslContextBuilder.forClient()
            .trustManager(authority.certificate())
            .endpointIdentificationAlgorithm("")
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    "h2"))
            .build();
    CompletableFuture<Channel> ready = new CompletableFuture<>();
    Channel channel =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelActive(ChannelHandlerContext ctx) {
                    String connect = "CONNECT " + authority() + " HTTP/1.1\r\nHost: h\r\n\r\n";
                    var _ = ctx.writeAndFlush(Unpooled.copiedBuffer(connect, US_ASCII));
                  }

                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ((ByteBuf) message).release();
                    SslHandler handler = tls.newHandler(ctx.alloc());
                    var _ =
                        handler
                            .handshakeFuture()
                            .addListener(done -> {
                              if (done.isSuccess()) {
                                ready.complete(ctx.channel());
                              } else {
                                ready.completeExceptionally(done.cause());
                              }
                            });
                    ctx.pipeline()
                        .addLast(
                            handler,
                            Http2FrameCodecBuilder.forClient()
                                .initialSettings(
                                    Http2Settings.defaultSettings().initialWindowSize(WINDOW))
                                .encoderEnforceMaxRstFramesPerWindow(0, 0)
                                .build(),
                            new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
                    ctx.pipeline().remove(this);
                  }
                })
            .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), daemon.proxyPort()))
            .sync()
            .channel();
    var _ = channel.closeFuture().addListener(_ -> ready.cancel(false));
    return ready.get();
  }

  private Http2Headers get(String path) {
    return new DefaultHttp2Headers()
        .method("GET")
        .scheme("https")
        .authority(authority())
        .path(path);
  }

  /** What comes on one stream. */
  private static final class Stream extends ChannelInitializer<Channel> {
    final AtomicLong bytes = new AtomicLong();
    final List<Long> resets = new CopyOnWriteArrayList<>();
    final boolean takes;

    Stream(boolean takes) {
      this.takes = takes;
    }

    @Override
    protected void initChannel(Channel stream) {
      stream.config().setAutoRead(takes);
      stream
          .pipeline()
          .addLast(
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                  if (message instanceof Http2DataFrame data) {
                    bytes.addAndGet(data.content().readableBytes());
                    data.release();
                  }
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                  if (event instanceof Http2ResetFrame reset) {
                    resets.add(reset.errorCode());
                  }
                }
              });
    }
  }

  private static Http2StreamChannel open(Channel connection, Stream stream) throws Exception {
    return new Http2StreamChannelBootstrap(connection).handler(stream).open().sync().getNow();
  }

  @Test
  void aClientThatTakesNothingIsSentNoMoreThanItsWindow() throws Exception {
    Channel connection = connect();
    Stream stream = new Stream(/* takes= */ false);
    Http2StreamChannel channel = open(connection, stream);
    var _ = channel.writeAndFlush(new DefaultHttp2HeadersFrame(get("/v2/a/blobs/big"), true));
    await().until(() -> behind.served.get() > WINDOW);
    await()
        .during(Duration.ofSeconds(2))
        .atMost(Duration.ofSeconds(60))
        .until(behind.served::get, new Unchanged());
    assertThat(behind.served.get()).isLessThan(LENGTH);
    assertThat(stream.bytes.get()).isLessThanOrEqualTo(WINDOW);

    Stream other = new Stream(/* takes= */ true);
    var _ = open(connection, other).writeAndFlush(new DefaultHttp2HeadersFrame(get("/v2/x"), true));
    await().until(() -> behind.asked.stream().anyMatch(one -> one.target().equals("/v2/x")));

    channel.config().setAutoRead(true);
    channel.read();
    await().atMost(Duration.ofSeconds(200)).until(() -> stream.bytes.get() == LENGTH);
    assertThat(stream.resets).isEmpty();
    var _ = connection.close().sync();
  }

  /** The number is what it was when it was last looked at. */
  private static final class Unchanged extends TypeSafeMatcher<Long> {
    private long last = -1;

    @Override
    protected boolean matchesSafely(Long now) {
      boolean same = now == last;
      last = now;
      return same;
    }

    @Override
    public void describeTo(Description description) {
      description.appendText("unchanged");
    }
  }

  @Test
  void whoAsksAndGivesUpWithoutEndIsCutOff() throws Exception {
    Channel connection = connect();
    for (int i = 0; i < 2000 && connection.isActive(); i++) {
      try {
        Http2StreamChannel stream = open(connection, new Stream(/* takes= */ true));
        var _ = stream.write(new DefaultHttp2HeadersFrame(get("/v2/y"), false));
        var _ = stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
      } catch (Exception e) {
        break; // It was told to go away.
      }
    }
    await().until(() -> !connection.isActive());
    assertThat(behind.asked).hasSizeLessThan(1000);
  }
}
