package io.dragonfly.daemon.download;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Passes connections on to a port of this machine as a long line does: each byte arrives so much
 * later, and as many as one likes may be on the way.
 */
final class LongWay implements AutoCloseable {
  private static final int CHUNK = 1 << 16;

  private final ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
  private final int port;
  private final long oneWayNanos;
  private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
  private final AtomicInteger connections = new AtomicInteger();

  /** Bytes on the way; none at the end of the stream. */
  private static final class Chunk {
    final byte[] bytes;
    final long due;

    Chunk(byte[] bytes, long due) {
      this.bytes = bytes;
      this.due = due;
    }
  }

  LongWay(int port, Duration roundTrip) throws IOException {
    this.port = port;
    this.oneWayNanos = roundTrip.toNanos() / 2;
    Thread.ofVirtual().name("long-way").start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Connections that were made over it. */
  int connections() {
    return connections.get();
  }

  private void accept() {
    while (true) {
      try {
        Socket client = listener.accept();
        sockets.add(client);
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(server);
        connections.incrementAndGet();
        pass(client, server);
        pass(server, client);
      } catch (IOException e) {
        return; // It was closed.
      }
    }
  }

  private void pass(Socket from, Socket to) {
    BlockingQueue<Chunk> way = new LinkedBlockingQueue<>();
    Thread.ofVirtual().start(() -> send(from, way));
    Thread.ofVirtual().start(() -> receive(way, to));
  }

  private void send(Socket from, BlockingQueue<Chunk> way) {
    try {
      InputStream in = from.getInputStream();
      byte[] bytes;
      do {
        byte[] buffer = new byte[CHUNK];
        int count = Math.max(0, in.read(buffer));
        bytes = Arrays.copyOf(buffer, count);
        way.add(new Chunk(bytes, System.nanoTime() + oneWayNanos));
      } while (bytes.length > 0);
    } catch (IOException e) {
      way.add(new Chunk(new byte[0], System.nanoTime() + oneWayNanos));
    }
  }

  private static void receive(BlockingQueue<Chunk> way, Socket to) {
    try (to) {
      for (Chunk chunk = way.take(); chunk.bytes.length > 0; chunk = way.take()) {
        TimeUnit.NANOSECONDS.sleep(chunk.due - System.nanoTime());
        to.getOutputStream().write(chunk.bytes);
      }
    } catch (IOException e) {
      // The other end has gone.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
