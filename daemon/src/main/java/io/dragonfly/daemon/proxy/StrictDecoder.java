package io.dragonfly.daemon.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import java.util.List;

/**
 * Reads requests and refuses what two programs on the way could understand in two ways (RFC 9112,
 * 11.2): both lengths at once, several lengths, lines that end in a line feed alone.
 */
final class StrictDecoder extends HttpRequestDecoder {
  static final int LONGEST_LINE = 16 << 10;
  static final int LARGEST_HEADERS = 64 << 10;
  private static final int CHUNK = 64 << 10;

  /** A message after all others: the client sends no more. */
  record End() {}

  private boolean held;

  StrictDecoder() {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(LONGEST_LINE)
            .setMaxHeaderSize(LARGEST_HEADERS)
            .setMaxChunkSize(CHUNK)
            .setAllowDuplicateContentLengths(false)
            .setStrictLineParsing(true)
            .setUseRfc9112TransferEncoding(true));
  }

  /**
   * What follows a CONNECT, or the wish to speak something else, is for its destination: it stays
   * here until this decoder is removed.
   */
  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf bytes, List<Object> messages)
      throws Exception {
    if (!held) {
      super.decode(ctx, bytes, messages);
      held =
          messages.stream()
              .anyMatch(message ->
                  message instanceof HttpRequest request
                      && (request.method().equals(HttpMethod.CONNECT)
                          || Upgrades.isWebSocket(request)));
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof ChannelInputShutdownEvent) {
      if (!held) {
        super.userEventTriggered(ctx, event);
      }
      ctx.fireChannelRead(new End());
      ctx.fireChannelReadComplete();
    } else {
      super.userEventTriggered(ctx, event);
    }
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
  }
}
