package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Why upstream's programs, which name no protocol (ALPN), are not told of the QUIC port. */
@Timeout(60)
final class QuicGreetingTest {
  @TempDir private Path temp;

  @Test
  void withoutAProtocolTheTlsBelowDoesNotSpeak() throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (PieceStore store = PieceStore.open(temp, StoreOptions.defaults(), InstantSource.system());
        EventLoops loops = new EventLoops("quic", 1);
        QuicPieceServer server =
            new QuicPieceServer(
                store, PieceServerOptions.on(new InetSocketAddress(loopback, 0)), loops);
        EventLoopGroup own = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory())) {
      server.start();
      Channel socket =
          new Bootstrap()
              .group(own)
              .channel(NioDatagramChannel.class)
              .handler(
                  new QuicClientCodecBuilder()
                      .sslContext(
                          QuicSslContextBuilder.forClient()
                              .trustManager(InsecureTrustManagerFactory.INSTANCE)
                              .build())
                      .build())
              .bind(loopback, 0)
              .sync()
              .channel();
      Future<QuicChannel> connecting =
          QuicChannel.newBootstrap(socket)
              .handler(new ChannelInboundHandlerAdapter())
              .remoteAddress(new InetSocketAddress(loopback, server.port()))
              .connect();
      assertThat(connecting.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(connecting.cause())
          .isInstanceOf(SSLHandshakeException.class)
          .hasMessageContaining("NO_APPLICATION_PROTOCOL");
    }
  }
}
