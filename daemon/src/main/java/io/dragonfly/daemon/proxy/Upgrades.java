package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.source.Passage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests that want to go on with WebSocket (RFC 6455, 4.1) on a connection of HTTP/1.1: the
 * origin is asked on a connection of its own. Where it agrees, both become a tunnel; else its
 * answer is passed on. Wishes for other protocols, HTTP/2 among them, go unheard as in RFC 9110,
 * 7.8.
 */
final class Upgrades {
  private static final int CHUNK = 64 << 10;

  private final Onward onward;

  Upgrades(Onward onward) {
    this.onward = onward;
  }

  static boolean isWebSocket(HttpRequest request) {
    HttpHeaders headers = request.headers();
    return request.method().equals(HttpMethod.GET)
        && request.protocolVersion().equals(HttpVersion.HTTP_1_1)
        && headers.contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)
        && headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
        && !headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
        && HttpUtil.getContentLength(request, 0L) == 0;
  }

  /**
   * Asks the origin, and makes the tunnel if it agrees.
   *
   * @param place the origin
   * @throws Refusal when the origin gives no answer
   * @throws IOException when the client went away, or got a part of the answer only
   */
  void answer(Exchange exchange, Passage.Way way, OriginPlace place) throws IOException, Refusal {
    exchange.countAsOrigins();
    Channel client = exchange.channel();
    Channel remote = onward.connect(client, way, place, ApplicationProtocolNames.HTTP_1_1);
    boolean switched = false;
    try (Cancellation.Registration _ = exchange.gone().onCancel(() -> close(remote))) {
      Reply reply = new Reply(remote, exchange.patience());
      HttpRequest request = request(exchange.request(), way);
      remote
          .eventLoop()
          .execute(() -> {
            Onward.begin(remote, new HttpClientCodec(), new FlowControlHandler(), reply);
            var _ = remote.writeAndFlush(request);
            remote.read();
          });
      HttpResponse head = head(exchange, reply, way);
      if (head.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
        check(head, way);
        switched = true;
        exchange.becomesTunnel(head.status());
        byte[] text = text(head);
        client
            .eventLoop()
            .execute(() ->
                Tunnel.switched(
                    client,
                    text,
                    remote,
                    List.of(HttpClientCodec.class, FlowControlHandler.class, Reply.class)));
      } else {
        pass(head, reply.body, exchange);
      }
    } finally {
      if (!switched) {
        close(remote);
      }
    }
  }

  private static void close(Channel remote) {
    var _ = remote.close();
  }

  private static HttpRequest request(HttpRequest request, Passage.Way way) {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.set(HttpHeaderNames.HOST, way.authority());
    for (Passage.Field field : Fields.ofRequest(request.headers())) {
      headers.add(field.name(), field.value());
    }
    headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
    headers.set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
    return new DefaultFullHttpRequest(
        HttpVersion.HTTP_1_1,
        HttpMethod.GET,
        way.target(),
        Unpooled.EMPTY_BUFFER,
        headers,
        new DefaultHttpHeaders());
  }

  private static HttpResponse head(Exchange exchange, Reply reply, Passage.Way way)
      throws IOException, Refusal {
    String why;
    try {
      return reply.head.get(exchange.patience().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      why = String.valueOf(e.getCause());
    } catch (TimeoutException e) {
      why = "nothing came for " + exchange.patience();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the proxy is being shut down");
    }
    if (exchange.gone().isCancelled()) {
      throw new ClientGoneException();
    }
    throw new Refusal(
        HttpResponseStatus.BAD_GATEWAY,
        Refusal.Type.BACKEND,
        "No answer of " + way.authority() + ": " + why);
  }

  private static void check(HttpResponse head, Passage.Way way) throws Refusal {
    if (!head.headers().contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)
        || !head.headers().contains(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT)) {
      throw new Refusal(
          HttpResponseStatus.BAD_GATEWAY,
          Refusal.Type.BACKEND,
          way.authority() + " switched to something else than WebSocket, which was asked for.");
    }
  }

  /** With what of its lines is for the client, and what the two agreed on. */
  private static byte[] text(HttpResponse head) {
    HttpHeaders headers = new DefaultHttpHeaders();
    Fields.ofAnswer(fields(head), headers);
    headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
    headers.set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
    StringBuilder text = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n");
    for (Map.Entry<String, String> header : headers) {
      text.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
    }
    return text.append("\r\n").toString().getBytes(ISO_8859_1);
  }

  private static List<Passage.Field> fields(HttpResponse head) {
    return head.headers().entries().stream()
        .map(header -> new Passage.Field(header.getKey(), header.getValue()))
        .toList();
  }

  private static void pass(HttpResponse head, MessageBody body, Exchange exchange)
      throws IOException {
    HttpHeaders headers = new DefaultHttpHeaders();
    Fields.ofAnswer(fields(head), headers);
    long length =
        HttpUtil.isTransferEncodingChunked(head) ? -1 : HttpUtil.getContentLength(head, -1L);
    exchange.begin(
        head.status(), headers, length < 0 ? OptionalLong.empty() : OptionalLong.of(length));
    if (!exchange.isBodiless(head.status())) {
      byte[] chunk = new byte[CHUNK];
      for (int count = body.read(chunk); count >= 0; count = body.read(chunk)) {
        exchange.write(Unpooled.wrappedBuffer(Arrays.copyOf(chunk, count)));
      }
    }
    exchange.end();
  }

  /** The origin's answer as it comes, and what follows one that agrees. */
  private static final class Reply extends ChannelInboundHandlerAdapter {
    final CompletableFuture<HttpResponse> head = new CompletableFuture<>();
    final MessageBody body;
    private final Queue<ByteBuf> early = new ArrayDeque<>();
    private boolean interim;

    Reply(Channel remote, Duration patience) {
      body = new MessageBody("the origin", remote::read, patience, false);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof HttpResponse response) {
        interim =
            response.status().codeClass() == HttpStatusClass.INFORMATIONAL
                && !response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
        if (response.decoderResult().isFailure()) {
          fail(ctx, response.decoderResult().cause());
        } else if (!interim) {
          head.complete(response);
        }
        if (interim) {
          ctx.read();
        }
      } else if (message instanceof HttpContent part) {
        take(ctx, part);
      } else if (message instanceof ByteBuf bytes) {
        early.add(bytes);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    private void take(ChannelHandlerContext ctx, HttpContent part) {
      if (interim) {
        part.release();
        ctx.read();
      } else if (part.decoderResult().isFailure()) {
        part.release();
        fail(ctx, part.decoderResult().cause());
      } else {
        body.offer(part.content(), part instanceof LastHttpContent);
      }
    }

    private void fail(ChannelHandlerContext ctx, Throwable cause) {
      head.completeExceptionally(cause);
      var _ = ctx.close();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
        ctx.fireChannelRead(bytes);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      head.completeExceptionally(new IOException("it closed the connection"));
      if (!body.isWhole()) {
        body.abandon();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      fail(ctx, cause);
    }
  }
}
