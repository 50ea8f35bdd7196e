package io.dragonfly.daemon.transfer;

import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.storage.PieceStore;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the request of a stream on a virtual thread of its own; so many streams at a time as
 * there may be connections, so many buffers as there may be sending threads.
 */
final class StreamServing implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StreamServing.class);

  private final PieceStore store;
  private final PieceServerOptions options;
  private final FairBucket limit;
  private final BufferPool buffers;
  private final Semaphore streams;
  private final LongAdder bytes = new LongAdder();
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("piece-stream-", 0).factory());

  StreamServing(PieceStore store, PieceServerOptions options) {
    this.store = store;
    this.options = options;
    this.limit = options.upload();
    this.buffers = new BufferPool(options.threads(), options.bufferBytes());
    this.streams = new Semaphore(options.maxConnections());
  }

  long bytes() {
    return bytes.sum();
  }

  /** Takes a stream over. Does not block. */
  void begin(QuicStream stream) {
    if (!streams.tryAcquire()) {
      log.warn("event=too_many_streams limit={}", options.maxConnections());
      stream.close();
      return;
    }
    threads.execute(() -> run(stream));
  }

  private void run(QuicStream stream) {
    try (stream) {
      Optional<PieceProtocol.Request> request = read(stream);
      if (request.isPresent()) {
        try (PieceAnswer answer = PieceAnswer.to(request.get(), store)) {
          send(stream, answer);
        }
      }
    } catch (IOException | RuntimeException e) {
      // The stream is reset: it must not look like an end.
      log.debug("event=stream_cut_off cause={}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      streams.release();
    }
  }

  /** Empty when the child ended the stream without one. */
  private static Optional<PieceProtocol.Request> read(QuicStream stream) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(PieceProtocol.MAX_REQUEST_BYTES);
    while (stream.read(in) >= 0) {
      in.flip();
      Optional<PieceProtocol.Request> request = PieceProtocol.decodeRequest(in);
      if (request.isPresent()) {
        return request;
      }
      in.compact();
    }
    return Optional.empty();
  }

  private void send(QuicStream stream, PieceAnswer answer)
      throws IOException, InterruptedException {
    if (answer.remaining() == 0) {
      stream.writeLast(answer.head());
      return;
    }
    stream.write(answer.head());
    while (answer.remaining() > 0) {
      awaitContent(answer);
      ByteBuffer buffer = take();
      try {
        answer.read(buffer, limit.grain(buffer.capacity()));
        buffer.flip();
        int count = buffer.remaining();
        long wait = limit.reserve(answer.payer(), count);
        TimeUnit.NANOSECONDS.sleep(wait);
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
