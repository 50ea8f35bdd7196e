package io.dragonfly.daemon.transfer;

import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.storage.PieceStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that send. A thread serves a connection as long as its socket takes bytes, then hands
 * it back with its state saying what it waits for. The queue is bounded by the number of
 * connections, each of which is in it at most once.
 */
final class PieceSenders implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PieceSenders.class);
  private static final long CLOSE_SECONDS = 5;
  private static final ByteBuffer NO_BUFFER = ByteBuffer.allocate(0);

  private final PieceStore store;
  private final ContentSender sender;
  private final FairBucket limit;
  private final Consumer<PieceConnection> handBack;
  private final int bufferBytes;
  private final BufferPool buffers;
  private final ThreadPoolExecutor threads;

  private final AtomicInteger uploading = new AtomicInteger();
  private final LongAdder pieces = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder bytes = new LongAdder();

  PieceSenders(
      PieceStore store,
      PieceServerOptions options,
      ContentSender sender,
      Consumer<PieceConnection> handBack) {
    this.store = store;
    this.sender = sender;
    this.limit = options.upload();
    this.handBack = handBack;
    this.bufferBytes = options.bufferBytes();
    this.buffers = new BufferPool(options.threads(), options.bufferBytes());
    this.threads =
        new ThreadPoolExecutor(
            options.threads(),
            options.threads(),
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("piece-sender-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  int uploading() {
    return uploading.get();
  }

  long pieces() {
    return pieces.sum();
  }

  long failures() {
    return failures.sum();
  }

  long bytes() {
    return bytes.sum();
  }

  void countFailure() {
    failures.increment();
  }

  /** Takes a connection over that has a request, or an answer under way. */
  void serve(PieceConnection connection) {
    try {
      threads.execute(() -> run(connection));
    } catch (RejectedExecutionException e) {
      PieceSockets.close(connection.channel()); // We are closing.
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        log.warn("a sending thread goes on after {} s", CLOSE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(PieceConnection connection) {
    uploading.incrementAndGet();
    try {
      connection.outcome(serveRequests(connection));
    } catch (IOException | RuntimeException e) {
      // Either the child went away, or our bytes can't be read: it must not look like an end.
      log.debug("an answer was cut off cause={}", e.toString());
      failures.increment();
      connection.outcome(PieceConnection.State.CLOSED);
      connection.close();
    } finally {
      uploading.decrementAndGet();
      handBack.accept(connection);
    }
  }

  private PieceConnection.State serveRequests(PieceConnection connection) throws IOException {
    ByteBuffer buffer = takeBuffer();
    try {
      do {
        PieceAnswer answer = connection.answer().orElse(null);
        if (answer == null) {
          answer = PieceAnswer.to(connection.request().orElseThrow(), store);
          connection.answer(answer);
        }
        PieceConnection.State after = send(connection, answer, buffer);
        if (after != PieceConnection.State.READING) {
          return after;
        }
        connection.answered();
      } while (connection.nextRequest());
      return PieceConnection.State.READING;
    } finally {
      if (sender.usesBuffer()) {
        buffers.giveBack(buffer);
      }
    }
  }

  private PieceConnection.State send(
      PieceConnection connection, PieceAnswer answer, ByteBuffer buffer) throws IOException {
    while (answer.head().hasRemaining()) {
      if (connection.channel().write(answer.head()) == 0) {
        return PieceConnection.State.BLOCKED;
      }
    }
    while (answer.remaining() > 0) {
      long ready = answer.ready();
      if (ready == 0) {
        return PieceConnection.State.AWAITING;
      }
      if (connection.allowance() == 0) {
        connection.allowance(limit.grain((int) Math.min(answer.remaining(), bufferBytes)));
        long wait = limit.reserve(answer.payer(), connection.allowance());
        if (wait > 0) {
          connection.deadline(System.nanoTime() + wait); // The wait is ours, not a stall.
          return PieceConnection.State.THROTTLED;
        }
      }
      long most = Math.min(ready, connection.allowance());
      long sent = answer.send(sender, connection.channel(), buffer, most);
      if (sent == 0) {
        return PieceConnection.State.BLOCKED;
      }
      connection.allowance(connection.allowance() - sent);
      connection.addProgress(sent);
      bytes.add(sent);
    }
    if (answer.hasContent()) {
      pieces.increment();
    } else if (answer.head().capacity() > 0) {
      failures.increment();
    }
    return answer.isLast() ? PieceConnection.State.DRAINING : PieceConnection.State.READING;
  }

  /** There is a buffer for every thread. */
  private ByteBuffer takeBuffer() throws IOException {
    if (!sender.usesBuffer()) {
      return NO_BUFFER;
    }
    try {
      ByteBuffer buffer = buffers.take(CLOSE_SECONDS, TimeUnit.SECONDS);
      if (buffer == null) {
        throw new IOException("no buffer came free");
      }
      return buffer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the piece server is closing", e);
    }
  }
}
