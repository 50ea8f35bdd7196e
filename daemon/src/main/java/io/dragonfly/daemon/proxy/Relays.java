package io.dragonfly.daemon.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Passes requests of gRPC on to their origin frame by frame, for they stream both ways at once and
 * end in trailers. Each client's connection has one of its own to the origin, made when it is first
 * needed and closed with the client's.
 */
final class Relays {
  private static final String GRPC = "application/grpc";

  /** What either side may send ahead on each stream, in bytes. */
  private static final int WINDOW = 256 << 10;

  private final PassThrough ways;
  private final Onward onward;
  private final BooleanSupplier rate;
  private final ProxyWatch watch;
  private final Executor threads;

  /**
   * @param rate whether one more request is admitted now
   * @param threads one for each connection that is made
   */
  Relays(
      PassThrough ways, Onward onward, BooleanSupplier rate, ProxyWatch watch, Executor threads) {
    this.ways = ways;
    this.onward = onward;
    this.rate = rate;
    this.watch = watch;
    this.threads = threads;
  }

  Relay of(OriginPlace place) {
    return new Relay(place);
  }

  /** Those of one client's connection, for its event loop. */
  final class Relay {
    private final OriginPlace place;
    private @Nullable Promise<Channel> origin;

    /** The origin does not speak HTTP/2. */
    private volatile boolean impossible;

    private Relay(OriginPlace place) {
      this.place = place;
    }

    /**
     * Whether a request is one to relay. All others are answered, mistakes and excess by a refusal.
     */
    boolean concerns(Http2Headers headers) {
      CharSequence type = headers.get(HttpHeaderNames.CONTENT_TYPE);
      return !impossible
          && type != null
          && type.toString().toLowerCase(Locale.ROOT).startsWith(GRPC)
          && url(headers).isPresent()
          && rate.getAsBoolean();
    }

    private Optional<String> url(Http2Headers headers) {
      if (headers.path() == null || headers.method() == null) {
        return Optional.empty();
      }
      try {
        return Optional.of(
            Interception.url(
                place.name(),
                headers.path().toString(),
                Optional.ofNullable(headers.authority()).map(CharSequence::toString)));
      } catch (Refusal e) {
        return Optional.empty();
      }
    }

    /** A stream to the origin for one of a client; reads nothing by itself. */
    Future<Http2StreamChannel> open(Channel client) {
      Promise<Http2StreamChannel> opened = client.eventLoop().newPromise();
      var _ =
          connection(client.parent())
              .addListener((Future<Channel> made) -> {
                if (made.isSuccess()) {
                  var _ =
                      new Http2StreamChannelBootstrap(made.getNow())
                          .option(ChannelOption.AUTO_READ, false)
                          .option(ChannelOption.WRITE_BUFFER_WATER_MARK, ProxyServer.AHEAD)
                          .open(opened);
                } else {
                  opened.setFailure(made.cause());
                }
              });
      return opened;
    }

    /** From now on what comes on each is passed on to the other. */
    void join(Channel client, Channel stream, Http2Headers headers) {
      String url = url(headers).orElse("");
      watch.asked();
      RelayedStream pair = new RelayedStream(client, stream, String.valueOf(headers.method()), url);
      pair.join(watch);
      RelayedStream.clean(headers);
    }

    private Future<Channel> connection(Channel client) {
      if (origin == null || (origin.isDone() && !isUsable(origin))) {
        Promise<Channel> made = client.eventLoop().newPromise();
        origin = made;
        try {
          threads.execute(() -> connect(client, made));
        } catch (RejectedExecutionException e) {
          made.setFailure(e);
        }
      }
      return origin;
    }

    private static boolean isUsable(Promise<Channel> made) {
      if (!made.isSuccess() || !made.getNow().isActive()) {
        return false;
      }
      Http2FrameCodec codec = made.getNow().pipeline().get(Http2FrameCodec.class);
      return codec != null && !codec.connection().goAwayReceived();
    }

    private void connect(Channel client, Promise<Channel> made) {
      try {
        String root = "https://" + Interception.authority(place.name()) + "/";
        String http2 = ApplicationProtocolNames.HTTP_2;
        Channel connection =
            onward.connect(client, ways.way(root), place, http2, ApplicationProtocolNames.HTTP_1_1);
        if (!Onward.speaks(connection, http2)) {
          impossible = true;
          var _ = connection.close();
          throw new IOException(place.name() + " does not speak HTTP/2");
        }
        client.eventLoop().execute(() -> begin(client, connection, made));
      } catch (Refusal | IOException | RuntimeException e) {
        made.setFailure(e);
      }
    }

    private static void begin(Channel client, Channel connection, Promise<Channel> made) {
      Onward.begin(connection, codec(), new Http2MultiplexHandler(new Unasked()));
      connection.config().setAutoRead(true);
      var _ =
          client
              .closeFuture()
              .addListener(_ -> {
                var _ = connection.close();
              });
      made.setSuccess(connection);
    }

    private static Http2FrameCodec codec() {
      return Http2FrameCodecBuilder.forClient()
          .initialSettings(
              Http2Settings.defaultSettings()
                  .pushEnabled(false)
                  .initialWindowSize(WINDOW)
                  .maxHeaderListSize(StrictDecoder.LARGEST_HEADERS))
          .encoderEnforceMaxConcurrentStreams(true)
          .validateHeaders(true)
          .build();
    }
  }

  /** A stream that the origin opens. */
  private static final class Unasked extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel stream) {
      var _ = stream.close();
    }
  }
}
