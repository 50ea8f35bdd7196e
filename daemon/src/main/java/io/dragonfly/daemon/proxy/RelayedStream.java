package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.LoggableUrl;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two streams of HTTP/2, a client's and one to its origin, that pass on to each other what they
 * receive: headers, data and trailers, the end of each direction by itself, and a reset. Reads from
 * one only what the other took. For one event loop.
 */
final class RelayedStream {
  private static final Logger log = LoggerFactory.getLogger(RelayedStream.class);
  private static final Logger access = LoggerFactory.getLogger("io.dragonfly.access.proxy");

  private final Channel client;
  private final Channel origin;
  private final String method;
  private final String url;
  private final long begin = System.nanoTime();
  private CharSequence status = "0";
  private long bytes;
  private boolean requestEnded;
  private boolean answerEnded;
  private boolean over;

  RelayedStream(Channel client, Channel origin, String method, String url) {
    this.client = client;
    this.origin = origin;
    this.method = method;
    this.url = url;
  }

  /**
   * Adds the handlers.
   *
   * @param watch is told of one that breaks
   */
  void join(ProxyWatch watch) {
    client.pipeline().addLast(new Half(origin, true, watch));
    origin.pipeline().addLast(new Half(client, false, watch));
  }

  /** Takes out of a request what speaks to the proxy. */
  static void clean(Http2Headers headers) {
    List<CharSequence> ours = new ArrayList<>();
    for (CharSequence name : headers.names()) {
      if (name.toString().startsWith(Fields.OURS)
          || HttpHeaderNames.PROXY_AUTHORIZATION.contentEquals(name)) {
        ours.add(name);
      }
    }
    ours.forEach(headers::remove);
  }

  private void over(String outcome) {
    if (!over) {
      over = true;
      access.info(
          "method={} url={} status={} outcome={} bytes={} cache=0 peers=0 seed=0 origin={}"
              + " millis={}",
          method,
          LoggableUrl.of(url),
          status,
          outcome,
          bytes,
          bytes,
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
    }
  }

  /** One of the two. */
  private final class Half extends ChannelInboundHandlerAdapter {
    private final Channel other;
    private final boolean ofClient;
    private final ProxyWatch watch;
    private boolean begun;

    Half(Channel other, boolean ofClient, ProxyWatch watch) {
      this.other = other;
      this.ofClient = ofClient;
      this.watch = watch;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      switch (message) {
        case Http2HeadersFrame head -> {
          if (!ofClient && head.headers().status() != null) {
            status = head.headers().status();
          }
          pass(
              ctx,
              new DefaultHttp2HeadersFrame(head.headers(), head.isEndStream()),
              head.isEndStream());
        }
        case Http2DataFrame data -> {
          bytes += ofClient ? 0 : data.content().readableBytes();
          // The content is the new frame's from here on.
          pass(
              ctx,
              new DefaultHttp2DataFrame(data.content(), data.isEndStream(), data.padding()),
              data.isEndStream());
        }
        default -> {
          ReferenceCountUtil.release(message);
          ctx.read();
        }
      }
    }

    private void pass(ChannelHandlerContext ctx, Http2StreamFrame frame, boolean last) {
      boolean first = !begun;
      begun = true;
      if (last && ofClient) {
        requestEnded = true;
      } else if (last) {
        answerEnded = true;
      }
      if (requestEnded && answerEnded) {
        over("answered");
      }
      var _ =
          other
              .writeAndFlush(frame)
              .addListener(written -> {
                if (!written.isSuccess()) {
                  log.debug("event=proxy_relay_broken cause={}", String.valueOf(written.cause()));
                  // What the origin never saw may be asked again.
                  breakOff(first && ofClient ? Http2Error.REFUSED_STREAM : Http2Error.CANCEL);
                } else if (!last) {
                  ctx.read();
                }
              });
    }

    /** Neither side may take what it has for all. */
    private void breakOff(Http2Error error) {
      if (over) {
        return;
      }
      watch.failed();
      over("broken");
      for (Channel stream : List.of(client, origin)) {
        if (stream.isActive()) {
          var _ = stream.writeAndFlush(new DefaultHttp2ResetFrame(error));
        }
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof Http2ResetFrame reset && !over) {
        over(ofClient ? "client_gone" : answerEnded ? "answered" : "reset");
        if (other.isActive()) {
          var _ = other.writeAndFlush(new DefaultHttp2ResetFrame(reset.errorCode()));
        }
      }
      ReferenceCountUtil.release(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (ofClient && !over) {
        over("client_gone");
        if (other.isActive()) {
          var _ = other.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
        }
      } else {
        breakOff(Http2Error.CANCEL);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      breakOff(Http2Error.PROTOCOL_ERROR);
    }
  }
}
