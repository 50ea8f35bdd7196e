package io.dragonfly.daemon.transfer;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TrafficType;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Fetches pieces from parents, on the caller's thread.
 *
 * <p>From an upstream parent a piece comes whole, over a connection of its own, and is checked
 * against the root if one is known, else against the parent's CRC32. A parent of ours is asked for
 * the blocks that are missing, over a kept connection, and each block is verified as it comes. A
 * thread of the client watches the deadlines of running fetches and ends those that miss them.
 *
 * <p>Over QUIC, which only parents of ours are asked by, each request is a stream of the one
 * connection to its parent.
 */
public final class PieceClient implements AutoCloseable {
  private static final long WATCH_MILLIS = 100;

  /** A fetch is ended by its own deadlines; this is for one that nobody watches any more. */
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(10);

  private final BufferPool buffers;
  private final ParentConnections connections;
  private final Optional<QuicConnections> quic;
  private final Set<Fetch> running = ConcurrentHashMap.newKeySet();
  private final ScheduledThreadPoolExecutor watch;
  private volatile boolean closed;

  /** Fetches over TCP. */
  public PieceClient(PieceClientOptions options) {
    this(options, Optional.empty());
  }

  /**
   * Fetches from parents of ours over QUIC where connections are given, else over TCP.
   *
   * @param quic closed with the client
   */
  public PieceClient(PieceClientOptions options, Optional<QuicConnections> quic) {
    this.quic = quic;
    this.buffers = new BufferPool(options.buffers(), options.bufferBytes());
    this.connections = new ParentConnections(options);
    this.watch =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("piece-client-watch").factory());
    var _ =
        watch.scheduleWithFixedDelay(
            this::watch, WATCH_MILLIS, WATCH_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** As the other one, of the whole piece, without a limit and without counting. */
  public StoredPiece fetch(
      ParentAddress parent,
      StoredTask task,
      PieceEditor editor,
      Optional<PieceRoot> root,
      TrafficType trafficType,
      String parentPeerId,
      FetchLimits limits,
      Cancellation cancellation)
      throws TransferException {
    return fetch(
            parent,
            task,
            editor,
            task.layout().blocks(editor.number()),
            root,
            trafficType,
            parentPeerId,
            limits,
            Pace.FREE,
            cancellation,
            bytes -> {})
        .orElseThrow();
  }

  /**
   * Fetches what the editor misses of some blocks of its piece, or of all, and verifies it; commits
   * the piece when it is whole. Blocks the calling thread. The editor stays the caller's: close it
   * in any case; what was verified by blocks is kept for the next attempt, from whichever parent.
   *
   * @param wanted all blocks, or of a parent of ours and with a root some of them
   * @param root what the piece must hash to; without it the parent's CRC32 is checked
   * @param pace how fast the content may come in
   * @param bytesReceived told of content bytes as they arrive, on the calling thread; must not
   *     block
   * @return empty when blocks are still missing
   */
  public Optional<StoredPiece> fetch(
      ParentAddress parent,
      StoredTask task,
      PieceEditor editor,
      BlockSet wanted,
      Optional<PieceRoot> root,
      TrafficType trafficType,
      String parentPeerId,
      FetchLimits limits,
      Pace pace,
      Cancellation cancellation,
      LongConsumer bytesReceived)
      throws TransferException {
    long started = System.nanoTime();
    String what = "piece " + editor.number() + " of task " + task.key() + " from " + parent;
    Fetch fetch = new Fetch(what, limits);
    PieceExchange exchange =
        new PieceExchange(fetch, parent, task, editor, wanted, root, buffers, pace, bytesReceived);
    running.add(fetch);
    Cancellation.Registration registration =
        cancellation.onCancel(() -> fetch.end(Reason.CANCELLED, "cancelled"));
    try {
      if (closed) {
        fetch.end(Reason.CANCELLED, "the piece client is closed");
      }
      fetch.throwIfEnded();
      while (exchange.needsBytes()) {
        receive(fetch, exchange, parent);
      }
      fetch.throwIfEnded();
      if (!exchange.isWhole()) {
        return Optional.empty();
      }
      Duration cost = Duration.ofNanos(System.nanoTime() - started);
      return Optional.of(exchange.commit(trafficType, parentPeerId, cost));
    } finally {
      registration.close();
      running.remove(fetch);
    }
  }

  /**
   * Forgets the buffers that no fetch uses; the next collection of garbage frees their memory. For
   * a time of rest: fetches allocate them again.
   */
  public void forgetBuffers() {
    buffers.forgetFree();
  }

  /** Ends running fetches as cancelled and closes kept connections. */
  @Override
  public void close() {
    closed = true;
    running.forEach(fetch -> fetch.end(Reason.CANCELLED, "the piece client is closed"));
    watch.shutdownNow();
    connections.close();
    quic.ifPresent(QuicConnections::close);
  }

  private void receive(Fetch fetch, PieceExchange exchange, ParentAddress parent)
      throws TransferException {
    if (quic.isPresent() && parent.extension()) {
      boolean _ = receivedOver(stream(quic.get(), fetch, parent), fetch, exchange, parent, false);
      return;
    }
    if (parent.extension()) {
      Optional<SocketChannel> kept = connections.take(parent);
      if (kept.isPresent() && receivedOver(kept.get(), fetch, exchange, parent, true)) {
        return;
      }
    }
    boolean received = receivedOver(connect(fetch, parent), fetch, exchange, parent, false);
    if (!received) {
      throw new IllegalStateException("only a kept connection may be stale");
    }
  }

  /**
   * Receives the content over this connection, and keeps or closes it.
   *
   * @return false when the connection was kept and turned out to be stale: nothing was lost
   */
  private boolean receivedOver(
      ByteChannel channel, Fetch fetch, PieceExchange exchange, ParentAddress parent, boolean kept)
      throws TransferException {
    boolean reusable = false;
    try {
      fetch.uses(channel);
      reusable = exchange.run(channel);
      return true;
    } catch (ClosedByInterruptException e) {
      throw new TransferException(Reason.CANCELLED, fetch.what() + ": interrupted", e);
    } catch (IOException e) {
      fetch.throwIfEnded();
      if (e instanceof TransferException known) {
        reusable = exchange.endedCleanly();
        throw known;
      }
      if (kept && !exchange.hasAnswer()) {
        return false;
      }
      throw unreachable(fetch, e);
    } finally {
      if (reusable
          && parent.extension()
          && fetch.cause().isEmpty()
          && channel instanceof SocketChannel socket) {
        connections.keep(parent, socket);
      } else {
        PieceSockets.close(channel);
      }
    }
  }

  private static InetSocketAddress resolved(Fetch fetch, ParentAddress parent)
      throws TransferException {
    InetSocketAddress address = new InetSocketAddress(parent.host(), parent.port());
    if (address.isUnresolved()) {
      throw new TransferException(
          Reason.UNREACHABLE, fetch.what() + ": its host name isn't known", null);
    }
    return address;
  }

  private static QuicStream stream(QuicConnections quic, Fetch fetch, ParentAddress parent)
      throws TransferException {
    InetSocketAddress address = resolved(fetch, parent);
    fetch.enter(Fetch.Phase.CONNECT);
    try {
      return quic.open(address, fetch.limits().connect(), LONGEST_SILENCE);
    } catch (ClosedByInterruptException e) {
      throw new TransferException(Reason.CANCELLED, fetch.what() + ": interrupted", e);
    } catch (IOException e) {
      fetch.throwIfEnded();
      throw unreachable(fetch, e);
    }
  }

  private static SocketChannel connect(Fetch fetch, ParentAddress parent) throws TransferException {
    InetSocketAddress address = resolved(fetch, parent);
    SocketChannel channel = null;
    try {
      channel = SocketChannel.open();
      fetch.enter(Fetch.Phase.CONNECT);
      fetch.uses(channel);
      channel.connect(address);
      PieceSockets.configure(channel);
      return channel;
    } catch (IOException e) {
      if (channel != null) {
        PieceSockets.close(channel);
      }
      if (e instanceof ClosedByInterruptException) {
        throw new TransferException(Reason.CANCELLED, fetch.what() + ": interrupted", e);
      }
      fetch.throwIfEnded();
      throw unreachable(fetch, e);
    }
  }

  private static TransferException unreachable(Fetch fetch, IOException e) {
    return new TransferException(
        Reason.UNREACHABLE, fetch.what() + ": " + String.valueOf(e.getMessage()), e);
  }

  private void watch() {
    long now = System.nanoTime();
    running.forEach(fetch -> fetch.check(now));
    connections.closeIdle();
  }
}
