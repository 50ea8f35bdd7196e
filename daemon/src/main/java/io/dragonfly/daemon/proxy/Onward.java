package io.dragonfly.daemon.proxy;

import io.dragonfly.daemon.source.Passage;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * Opens connections to origins for what is passed on as it is, byte by byte or frame by frame: on
 * the event loop of the client's connection, and to addresses that were checked before.
 */
final class Onward {
  private static final String EARLY = "early";

  private final Executor threads;

  /**
   * @param threads for what TLS computes
   */
  Onward(Executor threads) {
    this.threads = threads;
  }

  /**
   * Connects to the first address that answers, and agrees on TLS where the way wants it. Blocks.
   * What comes early is kept until {@link #begin}.
   *
   * @param protocols that are offered by TLS's ALPN
   * @throws Refusal when there is no connection, or its certificate is not believed
   */
  Channel connect(Channel client, Passage.Way way, OriginPlace place, String... protocols)
      throws Refusal {
    Channel remote = Tunnel.connect(client, place, () -> new Beginning(way, protocols));
    if (way.tls().isEmpty()) {
      return remote;
    }
    remote.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
    remote.pipeline().context(EARLY).read();
    SslHandler tls = remote.pipeline().get(SslHandler.class);
    Future<Channel> agreed = tls.handshakeFuture().awaitUninterruptibly();
    if (!agreed.isSuccess()) {
      var _ = remote.close();
      throw new Refusal(
          HttpResponseStatus.BAD_GATEWAY,
          Refusal.Type.BACKEND,
          "No connection of TLS to " + place.name() + ": " + agreed.cause().getMessage());
    }
    return remote;
  }

  /** Event loop: what the connection is for begins. */
  static void begin(Channel remote, ChannelHandler... handlers) {
    remote.pipeline().addLast(handlers);
    if (remote.pipeline().get(EARLY) != null) {
      remote.pipeline().remove(EARLY);
    }
  }

  /** Whether both have agreed on a protocol of ALPN. */
  static boolean speaks(Channel remote, String protocol) {
    SslHandler tls = Tunnel.tls(remote);
    return tls != null && protocol.equals(tls.engine().getApplicationProtocol());
  }

  private final class Beginning extends ChannelInitializer<Channel> {
    private final Passage.Way way;
    private final String[] protocols;

    Beginning(Passage.Way way, String[] protocols) {
      this.way = way;
      this.protocols = protocols;
    }

    @Override
    protected void initChannel(Channel remote) {
      remote.config().setOption(ChannelOption.SO_KEEPALIVE, true);
      remote.config().setWriteBufferWaterMark(ProxyServer.AHEAD);
      if (way.tls().isPresent()) {
        remote
            .pipeline()
            .addLast(new SslHandler(engine(way.tls().get()), threads))
            .addLast(EARLY, new FlowControlHandler());
      }
    }

    private SSLEngine engine(SSLContext tls) {
      SSLEngine engine = tls.createSSLEngine(way.host(), way.port());
      engine.setUseClientMode(true);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      parameters.setApplicationProtocols(protocols);
      engine.setSSLParameters(parameters);
      return engine;
    }
  }
}
