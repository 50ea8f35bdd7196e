package io.dragonfly.daemon.source;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A way to a server that takes 40 ms in each direction, however much is under way on it. */
final class LongWay implements AutoCloseable {
  private static final long DELAY_NANOS = 40_000_000L;

  /** Bytes that are there at {@code due}; none at the end. */
  private static final class Chunk implements Delayed {
    final byte[] bytes;
    final long due = System.nanoTime() + DELAY_NANOS;

    Chunk(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(due, ((Chunk) other).due);
    }
  }

  private final ServerSocket server;
  private final int target;
  private final AtomicLong underWay = new AtomicLong();
  private final AtomicLong most = new AtomicLong();

  private LongWay(ServerSocket server, int target) {
    this.server = server;
    this.target = target;
  }

  static LongWay to(int port) throws IOException {
    LongWay way = new LongWay(new ServerSocket(0, 16, InetAddress.getLoopbackAddress()), port);
    Thread.ofVirtual().start(way::accept);
    return way;
  }

  int port() {
    return server.getLocalPort();
  }

  /** Bytes of the server's that were on the way to its client at once. */
  long mostUnderWay() {
    return most.get();
  }

  private void accept() {
    try {
      for (; ; ) {
        Socket client = server.accept();
        Socket origin = new Socket(InetAddress.getLoopbackAddress(), target);
        carry(client, origin, new AtomicLong(), new AtomicLong());
        carry(origin, client, underWay, most);
      }
    } catch (IOException _) {
      // It is closed.
    }
  }

  private static void carry(Socket from, Socket to, AtomicLong count, AtomicLong highest) {
    DelayQueue<Chunk> way = new DelayQueue<>();
    Thread.ofVirtual()
        .start(() -> {
          try (InputStream in = from.getInputStream()) {
            byte[] buffer = new byte[64 * 1024];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
              highest.accumulateAndGet(count.addAndGet(n), Math::max);
              way.add(new Chunk(Arrays.copyOf(buffer, n)));
            }
          } catch (IOException _) {
            // Nothing more comes.
          }
          way.add(new Chunk(new byte[0]));
        });
    Thread.ofVirtual()
        .start(() -> {
          try (to) {
            for (Chunk chunk = way.take(); chunk.bytes.length > 0; chunk = way.take()) {
              to.getOutputStream().write(chunk.bytes);
              count.addAndGet(-chunk.bytes.length);
            }
          } catch (IOException | InterruptedException _) {
            // The other end is gone.
          }
        });
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
