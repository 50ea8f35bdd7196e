package io.dragonfly.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Passes connections on to a port of this machine. While it stalls it takes connections and bytes
 * and passes nothing on, like a machine that hangs: nobody is told that a connection is dead.
 */
public final class StallingRelay implements AutoCloseable {
  private final ServerSocket listener;
  private final int port;
  private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
  private boolean stalled;
  private boolean closed;

  public StallingRelay(int port) throws IOException {
    this.port = port;
    listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("relay").start(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  public synchronized void stall() {
    stalled = true;
  }

  /** What was held back is passed on, too. */
  public synchronized void goOn() {
    stalled = false;
    notifyAll();
  }

  private synchronized void awaitFlow() throws InterruptedException {
    while (stalled && !closed) {
      wait();
    }
  }

  private void accept() {
    while (true) {
      try {
        Socket client = listener.accept();
        sockets.add(client);
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(server);
        Thread.ofVirtual().start(() -> pass(client, server));
        Thread.ofVirtual().start(() -> pass(server, client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      byte[] buffer = new byte[1 << 16];
      int count;
      do {
        count = in.read(buffer);
        awaitFlow();
        if (count > 0) {
          to.getOutputStream().write(buffer, 0, count);
        }
      } while (count >= 0);
    } catch (IOException e) {
      // The other direction has closed both.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
