package io.dragonfly.daemon.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.storage.PieceContent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2StreamChannel;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer, for the thread that answers it. Writing waits while the client takes
 * nothing.
 */
final class Exchange {
  /** What is sent by the event loop where a socket is full, in bytes. */
  private static final int FULL_SOCKET_PART = 16 << 10;

  private final Channel channel;
  private final HttpRequest request;
  private final MessageBody body;
  private final Duration patience;
  private final Optional<HostPort> inside;
  private final Runnable breaking;
  private final Cancellation gone = new Cancellation();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition writable = lock.newCondition();

  @GuardedBy("lock")
  private boolean left;

  /** The head of the answer, until it goes out with the first part of the body. */
  private @Nullable HttpResponse heldBack;

  private boolean proceeded;
  private boolean begun;
  private boolean keepAlive;
  private boolean ended;
  private boolean pastLoop;

  /** All that was given to the event loop is the kernel's. */
  private boolean loopIsIdle;

  private int status;
  private long sent;
  private Supplier<ByteCounts> sources = () -> ByteCounts.NONE;

  /**
   * @param patience how long the client may take nothing
   * @param inside the place in whose stead the request is answered
   * @param breaking ends the connection, or the request's part of it, so that nobody takes that for
   *     the answer's proper end; any thread
   */
  Exchange(
      Channel channel,
      HttpRequest request,
      boolean hasBody,
      Duration patience,
      Optional<HostPort> inside,
      Runnable breaking) {
    this.channel = channel;
    this.request = request;
    this.patience = patience;
    this.inside = inside;
    this.breaking = breaking;
    this.pastLoop = channel instanceof ClientSocket && Tunnel.tls(channel) == null;
    this.body = new MessageBody("the client", this::readMore, patience, !hasBody);
  }

  HttpRequest request() {
    return request;
  }

  HttpHeaders headers() {
    return request.headers();
  }

  /** The place that the client takes this proxy for; empty when it takes it for a proxy. */
  Optional<HostPort> inside() {
    return inside;
  }

  MessageBody body() {
    return body;
  }

  Channel channel() {
    return channel;
  }

  /** How long nothing may happen. */
  Duration patience() {
    return patience;
  }

  /** Cancelled when the client goes away. */
  Cancellation gone() {
    return gone;
  }

  boolean hasBegun() {
    return begun;
  }

  /** Whether the answer was sent to its end, and the connection may serve another request. */
  boolean isReusable() {
    return ended && keepAlive && body.isWhole();
  }

  /** 0 until the answer has begun. */
  int status() {
    return status;
  }

  /** Bytes of the answer's body that were sent. */
  long sent() {
    return sent;
  }

  /** What says where the bytes come from that are sent from now on, and those that were. */
  void countBy(Supplier<ByteCounts> counted) {
    sources = counted;
  }

  /** All that is sent comes from the origin. */
  void countAsOrigins() {
    countBy(() -> new ByteCounts(0, 0, 0, sent));
  }

  /**
   * Bytes of the answer's body by where they came from; none of those that are this proxy's own.
   */
  ByteCounts bytes() {
    return sources.get();
  }

  /** Event loop: the client takes bytes again. */
  void writabilityChanged() {
    lock.lock();
    try {
      writable.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Event loop: the client went away. */
  void clientLeft() {
    lock.lock();
    try {
      left = true;
      writable.signalAll();
    } finally {
      lock.unlock();
    }
    body.abandon();
    gone.cancel("the client went away");
  }

  /**
   * Begins the answer.
   *
   * @param headers may announce trailers, which only a client may get that takes them
   * @param length of the body in bytes; empty when that shows at its end
   */
  void begin(HttpResponseStatus code, HttpHeaders headers, OptionalLong length) {
    HttpResponse head = head(code, headers, length);
    var _ = channel.writeAndFlush(head, channel.voidPromise());
  }

  /** As {@link #begin}, but the head goes out together with the part of the body that follows. */
  void beginWithPart(HttpResponseStatus code, HttpHeaders headers, long length) {
    heldBack = head(code, headers, OptionalLong.of(length));
  }

  private HttpResponse head(HttpResponseStatus code, HttpHeaders headers, OptionalLong length) {
    boolean bodiless = isBodiless(code);
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, code, headers);
    boolean old = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    boolean framed = true;
    if (!bodiless) {
      headers.remove(HttpHeaderNames.CONTENT_LENGTH);
      boolean chunked = headers.contains(HttpHeaderNames.TRAILER) && asksForTrailers();
      pastLoop &= length.isPresent() && !chunked; // Chunks are made by the event loop.
      if (length.isPresent() && !chunked) {
        headers.set(HttpHeaderNames.CONTENT_LENGTH, length.getAsLong());
      } else if (old) {
        framed = false;
      } else {
        headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      }
    }
    keepAlive =
        framed
            && HttpUtil.isKeepAlive(request)
            && body.isWhole()
            && !request.method().equals(HttpMethod.CONNECT)
            && !Upgrades.isWebSocket(request);
    if (!keepAlive) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else if (old) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
    if (!headers.contains(HttpHeaderNames.DATE)) {
      headers.set(
          HttpHeaderNames.DATE,
          DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)));
    }
    begun = true;
    status = code.code();
    return head;
  }

  /** Whether the client reads what follows a body (RFC 9110, 6.5.1). */
  boolean takesTrailers() {
    return !request.method().equals(HttpMethod.HEAD)
        && !request.protocolVersion().equals(HttpVersion.HTTP_1_0)
        && (isStream() || asksForTrailers());
  }

  /**
   * Who says so gives up knowing the length: HTTP/1.1 has no trailers with one, and some clients of
   * HTTP/2 stop reading where it ends.
   */
  private boolean asksForTrailers() {
    return request.headers().containsValue(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS, true);
  }

  /** Whether it is a request of HTTP/2. */
  boolean isStream() {
    return channel instanceof Http2StreamChannel;
  }

  /** The connection speaks no HTTP with this proxy from now on. */
  void becomesTunnel(HttpResponseStatus code) {
    begun = true;
    status = code.code();
  }

  /** Whether the answer to this request has no body with this status. */
  boolean isBodiless(HttpResponseStatus code) {
    return request.method().equals(HttpMethod.HEAD)
        || code.code() == 204
        || code.code() == 304
        || code.code() < 200;
  }

  /** Sends a part of the body, which is this connection's from now on. */
  void write(ByteBuf part) throws IOException {
    try {
      awaitWritable();
    } catch (IOException e) {
      part.release();
      throw e;
    }
    sent += part.readableBytes();
    loopIsIdle = false;
    HttpResponse head = heldBack;
    heldBack = null;
    if (head != null) {
      var _ = channel.write(head, channel.voidPromise());
    }
    var _ = channel.writeAndFlush(new DefaultHttpContent(part), channel.voidPromise());
  }

  /** Whether {@link #write(PieceContent, long, long)} would send anything. */
  boolean takesFiles() {
    return pastLoop;
  }

  /**
   * Sends a part of a piece inside the kernel, past the event loop. Where that fails it is not
   * tried again: what was wrong shows when the rest is sent as other bytes are.
   *
   * @return how many bytes were sent; fewer than asked after a failure
   * @throws IOException when the client takes nothing, or went away
   */
  long write(PieceContent piece, long offset, long count) throws IOException {
    if (!loopIsIdle) {
      awaitTaken(Unpooled.EMPTY_BUFFER);
    }
    WritableByteChannel socket = ((ClientSocket) channel).past();
    long done = 0;
    while (pastLoop && done < count) {
      long moved = 0;
      ByteBuf part = Unpooled.EMPTY_BUFFER;
      try {
        moved = piece.transferTo(offset + done, count - done, socket);
        if (moved == 0) {
          part = read(piece, offset + done, count - done);
        }
      } catch (IOException e) {
        pastLoop = false;
      }
      if (part.isReadable()) {
        // The socket is full: the loop sends this when it no longer is.
        moved = part.readableBytes();
        awaitTaken(part);
      }
      done += moved;
      sent += moved;
    }
    return done;
  }

  private ByteBuf read(PieceContent piece, long offset, long most) throws IOException {
    int length = (int) Math.min(FULL_SOCKET_PART, most);
    ByteBuf part = channel.alloc().directBuffer(length, length);
    boolean filled = false;
    try {
      part.writerIndex(piece.read(offset, part.nioBuffer(0, length)));
      filled = true;
      return part;
    } finally {
      if (!filled) {
        part.release();
      }
    }
  }

  /** Sends bytes, and waits until they and all before them are the kernel's. */
  private void awaitTaken(ByteBuf part) throws IOException {
    ChannelFuture taken = channel.writeAndFlush(new DefaultHttpContent(part));
    try {
      if (!taken.await(patience.toMillis())) {
        throw new IOException("the client took nothing for " + patience);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the proxy is being shut down", e);
    }
    if (!taken.isSuccess()) {
      throw new ClientGoneException();
    }
    loopIsIdle = true;
  }

  private void awaitWritable() throws IOException {
    long left = patience.toNanos();
    lock.lock();
    try {
      while (!this.left && !channel.isWritable()) {
        if (left <= 0) {
          throw new IOException("the client took nothing for " + patience);
        }
        left = writable.awaitNanos(left);
      }
      if (this.left) {
        throw new ClientGoneException();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the proxy is being shut down", e);
    } finally {
      lock.unlock();
    }
  }

  /** The body is sent. */
  void end() {
    end(EmptyHttpHeaders.INSTANCE);
  }

  /** The body is sent, and these follow it. */
  void end(HttpHeaders trailers) {
    ended = true;
    LastHttpContent last =
        trailers.isEmpty()
            ? LastHttpContent.EMPTY_LAST_CONTENT
            : new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers);
    var _ = channel.writeAndFlush(last, channel.voidPromise());
  }

  /** A whole answer at once. */
  void answer(HttpResponseStatus code, HttpHeaders headers, byte[] content) throws IOException {
    begin(code, headers, OptionalLong.of(content.length));
    if (!isBodiless(code) && content.length > 0) {
      write(Unpooled.wrappedBuffer(content));
    }
    end();
  }

  /** Who asks first whether it may send its body hears that it may when somebody reads it. */
  private void readMore() {
    if (!proceeded && !begun && HttpUtil.is100ContinueExpected(request)) {
      proceeded = true;
      proceed(HttpResponseStatus.CONTINUE);
    }
    channel.read();
  }

  /** Sends an interim answer. */
  void proceed(HttpResponseStatus interim) {
    var _ =
        channel.writeAndFlush(
            new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, interim, Unpooled.EMPTY_BUFFER),
            channel.voidPromise());
  }

  /** What was sent is wrong or not whole: the client must not take it for an end. */
  void abort() {
    breaking.run();
  }
}
