package io.dragonfly.daemon.transfer;

import io.dragonfly.daemon.storage.PieceStore;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Iterator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the pieces of a store, in the frames of {@link PieceProtocol}.
 *
 * <p>The selector thread accepts, reads requests, and owns every connection that waits; {@link
 * PieceSenders} own those that are being served. So a child that is idle, slow or gone costs
 * neither a thread nor a buffer, and one that takes no bytes is cut off. An upstream child sends
 * one request and closes; ours keeps the connection and may send several at once, answered in
 * order.
 */
public final class PieceServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PieceServer.class);
  private static final int BACKLOG = 1024;
  private static final int MAX_DRAINING = 64;
  private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long WARNING_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long CLOSE_MILLIS = 5000;

  /** Less than this within the stall timeout counts as nothing. */
  private static final long MIN_PROGRESS_BYTES = 64 * 1024;

  private final PieceServerOptions options;
  private final PieceSenders senders;
  private final Thread thread = new Thread(this::run, "piece-server");

  /** Connections that senders hand back. */
  private final Queue<PieceConnection> inbox = new ConcurrentLinkedQueue<>();

  /** Connections that waited for a piece to come in, of which there is more. */
  private final Queue<PieceConnection> woken = new ConcurrentLinkedQueue<>();

  private final ChildConnections connections;

  /** Those that wait for the rate limit, the next to go on first. */
  private final PriorityQueue<PieceConnection> throttled =
      new PriorityQueue<>((a, b) -> Long.signum(a.deadline() - b.deadline()));

  private long nextSweep = System.nanoTime();
  private long nextWarning = nextSweep;

  private @Nullable Selector selector;
  private @Nullable ServerSocketChannel listener;
  private volatile boolean closing;

  public PieceServer(PieceStore store, PieceServerOptions options) {
    this(store, options, ContentSender.KERNEL);
  }

  PieceServer(PieceStore store, PieceServerOptions options, ContentSender sender) {
    this.options = options;
    this.connections =
        new ChildConnections(options.maxConnections(), options.maxConnectionsPerHost());
    this.senders = new PieceSenders(store, options, sender, this::handBack);
  }

  public void start() throws IOException {
    ServerSocketChannel opened = ServerSocketChannel.open();
    try {
      opened.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      opened.bind(options.bind(), BACKLOG);
      opened.configureBlocking(false);
      selector = Selector.open();
      listener = opened;
      opened.register(selector, SelectionKey.OP_ACCEPT);
    } catch (IOException e) {
      opened.close();
      throw new IOException(
          "pieces can't be served on " + options.bind() + ": " + e.getMessage(), e);
    }
    thread.start();
  }

  /** The port it listens on, once started. */
  public int port() {
    ServerSocketChannel open = listener;
    if (open == null) {
      throw new IllegalStateException("the piece server isn't started");
    }
    return open.socket().getLocalPort();
  }

  /** What it did since the start, for metrics. */
  public Activity activity() {
    return new Activity(
        connections.count(),
        senders.uploading(),
        senders.pieces(),
        senders.failures(),
        senders.bytes());
  }

  /** Cuts off what is being sent, waits for its threads (bounded), frees the port. */
  @Override
  public void close() {
    closing = true;
    Selector open = selector;
    if (open != null) {
      open.wakeup();
      try {
        thread.join(CLOSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    senders.close();
    // What a sender handed back, or never came to.
    connections.all().forEach(PieceConnection::close);
  }

  /**
   * What the server does and did.
   *
   * @param connections open now
   * @param uploading answers being sent now
   * @param pieces answers sent whole
   * @param failures requests answered with an error, and answers cut off
   * @param bytes of content sent
   */
  public record Activity(int connections, int uploading, long pieces, long failures, long bytes) {}

  private void handBack(PieceConnection connection) {
    inbox.add(connection);
    wakeUp();
  }

  private void run() {
    Selector open = selector;
    ServerSocketChannel accepting = listener;
    if (open == null || accepting == null) {
      return; // Only started with both.
    }
    try (open;
        accepting) {
      SelectionKey acceptKey = accepting.keyFor(open);
      while (!closing) {
        open.select(selectMillis());
        long now = System.nanoTime();
        takeBack(now);
        serveWoken();
        Iterator<SelectionKey> ready = open.selectedKeys().iterator();
        while (ready.hasNext()) {
          SelectionKey key = ready.next();
          ready.remove();
          if (key.attachment() instanceof PieceConnection connection) {
            ready(connection, now);
          } else {
            accept(accepting, open, key, now);
          }
        }
        sweep(acceptKey, now);
      }
    } catch (IOException | ClosedSelectorException e) {
      log.error("the piece server ended", e);
    } finally {
      // Connections in service are their sender's, who sees the closed channel.
      connections.all().forEach(connection -> PieceSockets.abort(connection.channel()));
    }
  }

  private long selectMillis() {
    if (connections.isEmpty()) {
      return 1000;
    }
    PieceConnection next = throttled.peek();
    long nanos = next == null ? SWEEP_NANOS : next.deadline() - System.nanoTime();
    return Math.clamp(nanos / 1_000_000, 1, TimeUnit.NANOSECONDS.toMillis(SWEEP_NANOS));
  }

  private void accept(ServerSocketChannel from, Selector open, SelectionKey key, long now) {
    try {
      for (SocketChannel channel = from.accept(); channel != null; channel = from.accept()) {
        accepted(channel, open, now);
      }
    } catch (IOException e) {
      // Most likely too many open files: go on with the next sweep.
      log.warn("a connection can't be accepted cause={}", e.toString());
      key.interestOps(0);
    }
  }

  private void accepted(SocketChannel channel, Selector open, long now) {
    PieceConnection connection = connection(channel);
    try {
      channel.configureBlocking(false);
      PieceSockets.configure(channel);
      connection.register(channel.register(open, SelectionKey.OP_READ, connection));
      connection.deadline(now + firstRequestNanos());
      if (!connections.add(connection)) {
        refuse(connection, now);
      }
    } catch (IOException e) {
      log.debug("a connection broke at once cause={}", e.toString());
      connections.remove(connection);
    }
  }

  private static PieceConnection connection(SocketChannel channel) {
    try {
      return new PieceConnection(channel, ChildCounts.address(channel.getRemoteAddress()));
    } catch (IOException e) {
      return new PieceConnection(channel, ChildCounts.address(null)); // It is gone already.
    }
  }

  /** Who connects has something to ask: only who got an answer may be idle. */
  private long firstRequestNanos() {
    return Math.min(options.idleTimeout().toNanos(), options.requestTimeout().toNanos());
  }

  /** Says that there is no room, to as many as there is room for waiting until they read that. */
  private void refuse(PieceConnection connection, long now) throws IOException {
    if (now - nextWarning >= 0) {
      nextWarning = now + WARNING_NANOS;
      log.warn(
          "event=too_many_connections child={} limit={} perHost={}",
          connection.child().getHostAddress(),
          options.maxConnections(),
          options.maxConnectionsPerHost());
    }
    if (connections.draining() >= MAX_DRAINING) {
      connections.remove(connection);
      return;
    }
    var _ =
        connection
            .channel()
            .write(
                PieceProtocol.encodeError(
                    0, PieceProtocol.CODE_INTERNAL, "there are too many connections"));
    drain(connection, now);
  }

  /** Waits for the child to close, so that no reset overtakes what it has yet to read. */
  private void drain(PieceConnection connection, long now) throws IOException {
    connections.drains(connection);
    connection.channel().shutdownOutput();
    connection.deadline(now + DRAIN_NANOS);
    connection.interest(SelectionKey.OP_READ);
  }

  private void serveWoken() {
    for (PieceConnection next = woken.poll(); next != null; next = woken.poll()) {
      if (next.state() == PieceConnection.State.AWAITING) {
        serve(next);
      }
    }
  }

  private void takeBack(long now) {
    for (PieceConnection back = inbox.poll(); back != null; back = inbox.poll()) {
      try {
        takeBack(back, now);
      } catch (IOException e) {
        connections.remove(back);
      }
    }
  }

  private void takeBack(PieceConnection connection, long now) throws IOException {
    connection.state(connection.outcome());
    switch (connection.state()) {
      case READING -> {
        connection.deadline(now + readTimeout(connection));
        connection.interest(SelectionKey.OP_READ);
      }
      case BLOCKED -> {
        connection.stallDeadline(now + options.stallTimeout().toNanos(), MIN_PROGRESS_BYTES);
        connection.interest(SelectionKey.OP_WRITE);
      }
      case THROTTLED -> throttled.add(connection);
      case AWAITING -> await(connection, now);
      case DRAINING -> drain(connection, now);
      case CLOSED, SERVING -> connections.remove(connection);
    }
  }

  /** The fetch that brings the piece is limited, too; this bounds one that is throttled. */
  private void await(PieceConnection connection, long now) {
    connection.deadline(now + options.stallTimeout().toNanos());
    connection.interest(SelectionKey.OP_READ);
    connection
        .answer()
        .orElseThrow()
        .whenReady(() -> {
          woken.add(connection);
          wakeUp();
        });
  }

  private void wakeUp() {
    Selector open = selector;
    if (open != null) {
      open.wakeup();
    }
  }

  private long readTimeout(PieceConnection connection) {
    return (connection.isMidRequest() ? options.requestTimeout() : options.idleTimeout()).toNanos();
  }

  private void ready(PieceConnection connection, long now) {
    try {
      switch (connection.state()) {
        case READING -> readRequest(connection, now);
        case BLOCKED -> serve(connection);
        case AWAITING -> {
          // Nothing is expected but the end, or the next request.
          if (!connection.read()) {
            connections.remove(connection);
          } else if (connection.isMidRequest()) {
            connection.interest(0);
          }
        }
        case DRAINING -> {
          if (!connection.drain()) {
            connections.remove(connection);
          }
        }
        case THROTTLED, SERVING, CLOSED -> {
          // Not ours, or not now.
        }
      }
    } catch (IOException e) {
      log.debug("a connection broke cause={}", e.toString());
      connections.remove(connection);
    }
  }

  private void readRequest(PieceConnection connection, long now) throws IOException {
    boolean begun = connection.isMidRequest();
    if (!connection.read()) {
      connections.remove(connection);
    } else if (connection.nextRequest()) {
      serve(connection);
    } else if (!begun) {
      connection.deadline(now + readTimeout(connection));
    }
  }

  private void serve(PieceConnection connection) {
    connection.interest(0);
    connection.state(PieceConnection.State.SERVING);
    senders.serve(connection);
  }

  /** Acts on deadlines that have passed. */
  private void sweep(SelectionKey acceptKey, long now) {
    for (PieceConnection next = throttled.peek();
        next != null && now - next.deadline() >= 0;
        next = throttled.peek()) {
      serve(throttled.remove());
    }
    if (now - nextSweep < 0) {
      return;
    }
    nextSweep = now + SWEEP_NANOS;
    acceptKey.interestOps(SelectionKey.OP_ACCEPT);
    for (PieceConnection connection : connections.all()) {
      if (connection.isWaiting() && now - connection.deadline() >= 0) {
        if (connection.state() == PieceConnection.State.BLOCKED) {
          log.info(
              "a child that takes no bytes was cut off child={}",
              connection.child().getHostAddress());
          senders.countFailure();
        }
        connections.remove(connection);
      }
    }
  }
}
