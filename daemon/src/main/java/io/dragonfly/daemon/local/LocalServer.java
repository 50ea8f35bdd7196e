package io.dragonfly.daemon.local;

import io.dragonfly.daemon.output.Caller;
import io.dragonfly.daemon.output.OutputRights;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's unix socket. Bound when made, so that the user it belongs to is known; serves from
 * {@link #start} until closed.
 */
public final class LocalServer implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(LocalServer.class);

  private static final int MOST_CONNECTIONS = 4096;
  private static final Duration FAREWELL = Duration.ofSeconds(5);
  private static final byte LINE_PROTOCOL = 'D';
  private static final byte HTTP2_PREFACE = 'P';

  private final SocketFile socket;
  private final HandoffServerChannel grpc;
  private final UnixDomainSocketAddress address;
  private final ScheduledExecutorService timer;
  private final Options options;
  private final Semaphore room = new Semaphore(MOST_CONNECTIONS);
  private final Map<LineSession, Thread> sessions = new ConcurrentHashMap<>();
  private final Set<SocketChannel> undecided = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable Thread acceptor;
  private @Nullable ScheduledFuture<?> watchdog;

  /**
   * How the socket is made and how long clients may take.
   *
   * @param mode octal, such as {@code 0660}
   * @param group that the file is given to
   * @param firstByte until a connection has said which protocol it speaks, and again until a client
   *     of the line protocol has said what it wants
   * @param stall a client of the line protocol that takes nothing for this long is cut off
   */
  public record Options(
      Path path, String mode, Optional<String> group, Duration firstByte, Duration stall) {}

  /**
   * @throws IOException if the socket can't be made; says why and what to do
   */
  public LocalServer(Options options, ScheduledExecutorService timer) throws IOException {
    this.options = options;
    this.timer = timer;
    socket = SocketFile.bind(options.path(), options.mode(), options.group());
    address = UnixDomainSocketAddress.of(options.path());
    grpc = new HandoffServerChannel(address);
  }

  /** The user this process runs as. */
  public UserPrincipal owner() {
    return socket.owner();
  }

  /** What a gRPC server is to be bound to. */
  public SocketAddress address() {
    return address;
  }

  /** Gives a gRPC server the connections that speak it; for one server only. */
  public ChannelFactory<? extends ServerChannel> channels() {
    return () -> grpc;
  }

  /** Accepts connections; the gRPC server is started before. */
  public void start(LineDownloads downloads, OutputRights rights) {
    acceptor = Thread.ofVirtual().name("unix-accept").start(() -> accept(downloads, rights));
    watchdog = timer.scheduleWithFixedDelay(this::closeStalled, 1, 1, TimeUnit.SECONDS);
  }

  private void closeStalled() {
    long now = System.nanoTime();
    for (LineSession session : sessions.keySet()) {
      try {
        session.closeIfStalled(now, options.stall().toNanos());
      } catch (IOException e) {
        logger.debug("event=line_client_not_closed", e);
      }
    }
  }

  private void accept(LineDownloads downloads, OutputRights rights) {
    while (!closed.get()) {
      try {
        SocketChannel client = socket.accept();
        if (room.tryAcquire()) {
          Thread.ofVirtual().name("unix-client").start(() -> greet(client, downloads, rights));
        } else {
          logger.warn("event=unix_client_refused connections={}", MOST_CONNECTIONS);
          client.close();
        }
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        logger.warn("event=unix_accept_failed reason=\"{}\"", e.getMessage());
        pause();
      }
    }
  }

  /** Out of file descriptors, most likely: they come back when connections end. */
  private static void pause() {
    try {
      Thread.sleep(Duration.ofMillis(100));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Reads the first byte and hands the connection to whoever speaks its protocol. */
  private void greet(SocketChannel client, LineDownloads downloads, OutputRights rights) {
    boolean handedOver = false;
    try {
      Caller caller = Caller.of(client);
      ByteBuffer first = ByteBuffer.allocate(1);
      if (!readFirst(client, first)) {
        return;
      }
      byte protocol = first.get(0);
      if (protocol == HTTP2_PREFACE) {
        handedOver = true;
        grpc.accept(client, caller, protocol, room::release);
      } else if (protocol == LINE_PROTOCOL) {
        converse(new LineSession(client, caller, downloads, rights), protocol);
      } else {
        logger.info("event=unix_protocol_unknown caller={}", caller);
      }
    } catch (IOException e) {
      logger.debug("event=unix_client_gone reason=\"{}\"", e.getMessage());
    } finally {
      if (!handedOver) {
        room.release();
        closeQuietly(client);
      }
    }
  }

  private boolean readFirst(SocketChannel client, ByteBuffer first) throws IOException {
    undecided.add(client);
    ScheduledFuture<?> alarm =
        timer.schedule(
            () -> closeQuietly(client), options.firstByte().toMillis(), TimeUnit.MILLISECONDS);
    try {
      return !closed.get() && client.read(first) == 1;
    } catch (AsynchronousCloseException e) {
      return false;
    } finally {
      alarm.cancel(false);
      undecided.remove(client);
    }
  }

  private void converse(LineSession session, byte firstByte) throws IOException {
    sessions.put(session, Thread.currentThread());
    ScheduledFuture<?> alarm =
        timer.schedule(
            () -> closeUnlessAsked(session), options.firstByte().toMillis(), TimeUnit.MILLISECONDS);
    try {
      if (!closed.get()) {
        session.run(firstByte);
      }
    } finally {
      alarm.cancel(false);
      sessions.remove(session);
    }
  }

  private static void closeUnlessAsked(LineSession session) {
    try {
      session.closeUnlessAsked();
    } catch (IOException e) {
      logger.debug("event=line_client_not_closed", e);
    }
  }

  private static void closeQuietly(SocketChannel client) {
    try {
      client.close();
    } catch (IOException e) {
      logger.debug("event=unix_client_not_closed", e);
    }
  }

  /**
   * Stops accepting, removes the socket and ends conversations of the line protocol; waits for a
   * bounded time until these have removed their temporary files.
   */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    if (watchdog != null) {
      watchdog.cancel(false);
    }
    try {
      socket.close();
    } finally {
      undecided.forEach(LocalServer::closeQuietly);
      Map<LineSession, Thread> ending = Map.copyOf(sessions);
      for (LineSession session : ending.keySet()) {
        session.close();
      }
      try {
        if (acceptor != null) {
          acceptor.join();
        }
        long deadline = System.nanoTime() + FAREWELL.toNanos();
        for (Thread conversation : ending.values()) {
          conversation.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
