package io.dragonfly.daemon.transfer;

import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.Issued;
import io.dragonfly.common.tls.TlsException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicCongestionControlAlgorithm;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.AttributeKey;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * QUIC with upstream's settings: a certificate that the server makes for itself and nobody
 * verifies, windows of 16 MiB for content. Bytes are proven by the roots of their pieces, not by
 * who sends them. Loading this class loads the native library.
 *
 * <p>One thing differs: upstream names no protocol (ALPN) in its greeting, and the TLS below (that
 * of BoringSSL) refuses QUIC without one. So this is for ends of our own; others are served by TCP.
 */
final class QuicCodecs {
  /** The server's name, in its certificate and in a client's greeting. */
  private static final String NAME = "d7y";

  private static final String PROTOCOL = "dragonfly-pieces";

  /** What a parent may send ahead of its child, of a connection and of a stream. */
  private static final int WINDOW = 16 << 20;

  /**
   * What a child may send: requests, of which none has more than {@link
   * PieceProtocol#MAX_REQUEST_BYTES}.
   */
  private static final int REQUEST_WINDOW = 1024;

  private static final int STREAMS = 256;
  private static final int IDLE_SECONDS = 60;
  private static final int HTTPS = 443;

  private QuicCodecs() {}

  /**
   * Of a server.
   *
   * @param admission sees each connection
   * @param serve takes each stream that a client opens, on the event loop
   */
  static ChannelHandler server(QuicAdmission admission, Consumer<QuicStreamChannel> serve)
      throws TlsException {
    Issued identity = CertificateAuthority.selfSigned(NAME);
    QuicSslContext tls =
        QuicSslContextBuilder.forServer(
                identity.key(), null, identity.chain().toArray(X509Certificate[]::new))
            .applicationProtocols(PROTOCOL)
            .build();
    return new QuicServerCodecBuilder()
        .sslContext(tls)
        .maxIdleTimeout(IDLE_SECONDS, TimeUnit.SECONDS)
        .initialMaxData(STREAMS * REQUEST_WINDOW)
        .initialMaxStreamDataBidirectionalRemote(REQUEST_WINDOW)
        .initialMaxStreamsBidirectional(STREAMS)
        .congestionControlAlgorithm(QuicCongestionControlAlgorithm.BBR)
        .tokenHandler(admission.tokens())
        .handler(admission)
        .streamOption(ChannelOption.AUTO_READ, false)
        .streamHandler(
            new ChannelInitializer<QuicStreamChannel>() {
              @Override
              protected void initChannel(QuicStreamChannel stream) {
                serve.accept(stream);
              }
            })
        .build();
  }

  static ChannelHandler client() {
    QuicSslContext tls =
        QuicSslContextBuilder.forClient()
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .applicationProtocols(PROTOCOL)
            .build();
    return new QuicClientCodecBuilder()
        .maxIdleTimeout(IDLE_SECONDS, TimeUnit.SECONDS)
        .initialMaxData(WINDOW)
        .initialMaxStreamDataBidirectionalLocal(WINDOW)
        .sslEngineProvider(channel -> tls.newEngine(channel.alloc(), NAME, HTTPS))
        .congestionControlAlgorithm(QuicCongestionControlAlgorithm.CUBIC)
        .build();
  }

  /** A connection that breaks is told to its streams. */
  @ChannelHandler.Sharable
  static final class Quiet extends ChannelInboundHandlerAdapter {
    /** Why the other end ended a connection, in its words. */
    static final AttributeKey<String> REASON = AttributeKey.valueOf(Quiet.class, "reason");

    private static final int MOST_REASON_BYTES = 200;

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof QuicConnectionCloseEvent end && end.isApplicationClose()) {
        String reason = new String(end.reason(), StandardCharsets.US_ASCII);
        if (!reason.isEmpty() && reason.length() <= MOST_REASON_BYTES) {
          context.channel().attr(REASON).set(reason.replaceAll("[^ -~]", "?"));
        }
      }
      context.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      ChannelFuture _ = context.close();
    }
  }
}
