package io.dragonfly.daemon.transfer;

import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.storage.PieceStore;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the request of a stream on a virtual thread of its own. Bounded are the streams, as
 * connections are, and the bytes under way: as many as there are in the buffers of the sending
 * threads, of which one address has at most a quarter, so that a child that takes nothing leaves
 * buffers to the others until it is cut off.
 */
final class StreamServing implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StreamServing.class);

  /** More at once gains nothing: it goes out in packets of some 1200 bytes. */
  private static final int MOST_CHUNK_BYTES = 256 * 1024;

  private static final long WARNING_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final PieceStore store;
  private final PieceServerOptions options;
  private final FairBucket limit;
  private final BufferPool buffers;
  private final int chunkBytes;
  private final int buffersPerHost;
  private final Semaphore streams;
  private final Map<InetAddress, Share> shares = new ConcurrentHashMap<>();
  private final LongAdder bytes = new LongAdder();
  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("piece-stream-", 0).factory());

  StreamServing(PieceStore store, PieceServerOptions options) {
    this.store = store;
    this.options = options;
    this.limit = options.upload();
    this.chunkBytes = Math.min(options.bufferBytes(), MOST_CHUNK_BYTES);
    int count = Math.max(4, (int) ((long) options.threads() * options.bufferBytes() / chunkBytes));
    this.buffersPerHost = count / 4;
    this.buffers = new BufferPool(count, chunkBytes);
    this.streams = new Semaphore(options.maxConnections());
  }

  /** What the streams of an address have of the buffers. */
  private record Share(int streams, Semaphore buffers) {
    Share plus(int more) {
      return new Share(streams + more, buffers);
    }
  }

  long bytes() {
    return bytes.sum();
  }

  /**
   * Takes a stream over, or says that there are too many. Does not block.
   *
   * @param ended runs when the stream is served, on any thread
   */
  void begin(QuicStream stream, Runnable ended) {
    InetAddress child = stream.child();
    Share share = enter(child);
    if (share == null) {
      warn(child);
      stream.refuse(
          PieceProtocol.encodeError(0, PieceProtocol.CODE_INTERNAL, "there are too many requests"));
      ended.run();
      return;
    }
    threads.execute(() -> {
      try {
        run(stream, share);
      } finally {
        leave(child);
        ended.run();
      }
    });
  }

  /** Null when there is no room. */
  private @Nullable Share enter(InetAddress child) {
    if (!streams.tryAcquire()) {
      return null;
    }
    Share share =
        shares.compute(
            child,
            (_, known) ->
                known == null ? new Share(1, new Semaphore(buffersPerHost)) : known.plus(1));
    if (share.streams() > options.maxConnectionsPerHost()) {
      leave(child);
      return null;
    }
    return share;
  }

  private void leave(InetAddress child) {
    shares.computeIfPresent(child, (_, share) -> share.streams() == 1 ? null : share.plus(-1));
    streams.release();
  }

  private void warn(InetAddress child) {
    long now = System.nanoTime();
    long next = nextWarning.get();
    if (now - next >= 0 && nextWarning.compareAndSet(next, now + WARNING_NANOS)) {
      log.warn(
          "event=too_many_streams child={} limit={} perHost={}",
          child.getHostAddress(),
          options.maxConnections(),
          options.maxConnectionsPerHost());
    }
  }

  private void run(QuicStream stream, Share share) {
    try (stream) {
      Optional<PieceProtocol.Request> request = read(stream);
      if (request.isPresent()) {
        try (PieceAnswer answer = PieceAnswer.to(request.get(), store)) {
          send(stream, answer, share);
        }
      }
    } catch (IOException | RuntimeException e) {
      // The stream is reset: it must not look like an end.
      log.debug("event=stream_cut_off cause={}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Empty when the child ended the stream without one. */
  private Optional<PieceProtocol.Request> read(QuicStream stream) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(PieceProtocol.MAX_REQUEST_BYTES);
    long deadline = System.nanoTime() + options.requestTimeout().toNanos();
    while (stream.read(in, deadline - System.nanoTime()) >= 0) {
      in.flip();
      Optional<PieceProtocol.Request> request = PieceProtocol.decodeRequest(in);
      if (request.isPresent()) {
        return request;
      }
      in.compact();
    }
    return Optional.empty();
  }

  private void send(QuicStream stream, PieceAnswer answer, Share share)
      throws IOException, InterruptedException {
    if (answer.remaining() == 0) {
      stream.writeLast(answer.head());
      return;
    }
    stream.write(answer.head());
    while (answer.remaining() > 0) {
      awaitContent(answer);
      int count = (int) Math.min(answer.ready(), limit.grain(chunkBytes));
      TimeUnit.NANOSECONDS.sleep(limit.reserve(answer.payer(), count));
      if (!share.buffers().tryAcquire(options.stallTimeout().toNanos(), TimeUnit.NANOSECONDS)) {
        throw new InterruptedIOException("the child does not take what it asked for");
      }
      try {
        sendChunk(stream, answer, count);
      } finally {
        share.buffers().release();
      }
    }
  }

  private void sendChunk(QuicStream stream, PieceAnswer answer, int most)
      throws IOException, InterruptedException {
    ByteBuffer buffer = take();
    try {
      answer.read(buffer, most);
      buffer.flip();
      int count = buffer.remaining();
      if (answer.remaining() == 0) {
        stream.writeLast(buffer);
      } else {
        stream.write(buffer);
      }
      bytes.add(count);
    } finally {
      buffers.giveBack(buffer);
    }
  }

  /** A piece that still comes in is sent as it comes. */
  private void awaitContent(PieceAnswer answer) throws IOException, InterruptedException {
    while (answer.ready() == 0) {
      CountDownLatch more = new CountDownLatch(1);
      answer.whenReady(more::countDown);
      if (!more.await(options.stallTimeout().toNanos(), TimeUnit.NANOSECONDS)) {
        throw new InterruptedIOException("the piece does not come in");
      }
    }
  }

  private ByteBuffer take() throws IOException, InterruptedException {
    ByteBuffer buffer = buffers.take(options.stallTimeout().toNanos(), TimeUnit.NANOSECONDS);
    if (buffer == null) {
      throw new InterruptedIOException("no buffer came free");
    }
    return buffer;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
