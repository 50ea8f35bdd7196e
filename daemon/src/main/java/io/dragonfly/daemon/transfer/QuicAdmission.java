package io.dragonfly.daemon.transfer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicTokenHandler;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a QUIC server takes one more connection. Those that shook hands are bounded in all and
 * for each address; one more is ended with a reason, unless one that carries nothing gives way.
 * Those that have not are bounded, too: from a few on, who connects has to prove first that its
 * address is its own, which costs this end no memory. Used on the event loop of the socket only.
 */
@Sharable
final class QuicAdmission extends ChannelInboundHandlerAdapter {
  /** Application error of a connection for which there is no room. */
  static final int TOO_MANY = 2;

  private static final Logger log = LoggerFactory.getLogger(QuicAdmission.class);
  private static final long WARNING_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final int most;
  private final int mostHalfOpen;
  private final ChildCounts hosts;
  private final AddressTokens tokens = new AddressTokens(this::asksForProof, this::hasRoom);

  private final Set<QuicChannel> halfOpen = new HashSet<>();

  /** Those used last come last. */
  private final Map<QuicChannel, Use> open = new LinkedHashMap<>(16, 0.75f, true);

  private long nextWarning = System.nanoTime();

  /** Whose a connection was when it began, and how many of its streams are being served. */
  private record Use(InetAddress child, int streams) {
    Use plus(int more) {
      return new Use(child, streams + more);
    }
  }

  /**
   * @param most connections in all
   * @param mostPerHost of one address
   * @param mostHalfOpen before who connects is asked for a proof of its address
   */
  QuicAdmission(int most, int mostPerHost, int mostHalfOpen) {
    this.most = most;
    this.mostHalfOpen = mostHalfOpen;
    this.hosts = new ChildCounts(mostPerHost);
  }

  QuicTokenHandler tokens() {
    return tokens;
  }

  /** Connections that shook hands. */
  int openCount() {
    return open.size();
  }

  int halfOpenCount() {
    return halfOpen.size();
  }

  private boolean asksForProof() {
    return halfOpen.size() >= mostHalfOpen;
  }

  /** Even of those that proved their address only so many may be about to shake hands. */
  private boolean hasRoom() {
    return halfOpen.size() < mostHalfOpen + most;
  }

  @Override
  public void channelRegistered(ChannelHandlerContext context) {
    QuicChannel connection = (QuicChannel) context.channel();
    halfOpen.add(connection);
    connection.closeFuture().addListener(_ -> halfOpen.remove(connection));
    context.fireChannelRegistered();
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    QuicChannel connection = (QuicChannel) context.channel();
    halfOpen.remove(connection);
    InetAddress child = ChildCounts.address(connection.remoteSocketAddress());
    if (!hosts.tryAdd(child)) {
      QuicChannel idle = idle(child);
      if (idle == null) {
        refuse(connection, child);
        return;
      }
      forget(idle);
      ChannelFuture _ = idle.close();
      hosts.tryAdd(child);
    }
    open.put(connection, new Use(child, 0));
    connection.closeFuture().addListener(_ -> forget(connection));
    if (open.size() > most) {
      QuicChannel idle = idle(null);
      if (idle == null || idle.equals(connection)) {
        forget(connection);
        refuse(connection, child);
        return;
      }
      forget(idle);
      ChannelFuture _ = idle.close();
    }
    context.fireChannelActive();
  }

  /** The one that carries nothing for the longest, of an address or of all. */
  private @Nullable QuicChannel idle(@Nullable InetAddress child) {
    for (Map.Entry<QuicChannel, Use> entry : open.entrySet()) {
      Use use = entry.getValue();
      if (use.streams() == 0 && (child == null || child.equals(use.child()))) {
        return entry.getKey();
      }
    }
    return null;
  }

  private void forget(QuicChannel connection) {
    Use use = open.remove(connection);
    if (use != null) {
      hosts.remove(use.child());
    }
  }

  private void refuse(QuicChannel connection, InetAddress child) {
    long now = System.nanoTime();
    if (now - nextWarning >= 0) {
      nextWarning = now + WARNING_NANOS;
      log.warn(
          "event=too_many_connections protocol=quic child={} limit={}",
          child.getHostAddress(),
          most);
    }
    ByteBuf reason =
        Unpooled.copiedBuffer("there are too many connections", StandardCharsets.US_ASCII);
    ChannelFuture _ = connection.close(/* applicationClose= */ true, TOO_MANY, reason);
  }

  /** A stream of a connection is served from now on; false when the connection was refused. */
  boolean streamBegan(QuicChannel connection) {
    return open.computeIfPresent(connection, (_, use) -> use.plus(1)) != null;
  }

  void streamEnded(QuicChannel connection) {
    open.computeIfPresent(connection, (_, use) -> use.plus(-1));
  }

  /** A connection that breaks is told to its streams. */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    ChannelFuture _ = context.close();
  }
}
