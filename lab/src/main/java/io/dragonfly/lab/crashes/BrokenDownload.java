package io.dragonfly.lab.crashes;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.lab.upstream.UpstreamDfget;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A download over a daemon's socket, which may break at any moment. */
final class BrokenDownload implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration LOOK = Duration.ofMillis(2);

  private final Path socket;
  private final Download download;
  private final Thread thread;
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Guarded by itself. */
  private final BitSet finished = new BitSet();

  private volatile String failure = "";

  /** Begins one that leaves the content in the cache. */
  BrokenDownload(Path socket, String url) {
    this(socket, Download.newBuilder().setUrl(url).build());
  }

  /** Begins one whose output the daemon writes. */
  BrokenDownload(Path socket, String url, Path output) {
    this(socket, Download.newBuilder().setUrl(url).setOutputPath(output.toString()).build());
  }

  private BrokenDownload(Path socket, Download download) {
    this.socket = socket;
    this.download = download;
    thread = Thread.ofVirtual().name("download").start(this::run);
  }

  private void run() {
    try {
      UpstreamDfget.download(
          socket,
          download,
          piece -> {
            synchronized (finished) {
              finished.set(piece.getNumber());
            }
          });
    } catch (IOException | StatusRuntimeException e) {
      failure = String.valueOf(e.getMessage());
    } finally {
      ended.countDown();
    }
  }

  /** The pieces that the daemon has said are finished. */
  BitSet finished() {
    synchronized (finished) {
      return (BitSet) finished.clone();
    }
  }

  /** Waits until so many pieces are finished, or the download has ended. */
  void awaitPieces(int count) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (finished().cardinality() < count && System.nanoTime() < deadline) {
      if (ended.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    }
  }

  /** Waits for its end; why it failed, empty when it did not. */
  String awaitEnd() throws InterruptedException {
    return ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
        ? failure
        : "it goes on after " + PATIENCE.toSeconds() + " s";
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
