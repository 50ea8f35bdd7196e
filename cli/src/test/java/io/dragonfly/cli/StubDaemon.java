package io.dragonfly.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The other end of the line protocol: takes one request per connection and gives the next answer.
 */
public final class StubDaemon implements AutoCloseable {
  private final Path socket;
  private final ServerSocketChannel server;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final BlockingQueue<List<String>> requests = new LinkedBlockingQueue<>();
  private final Thread thread = new Thread(this::serve, "stub-daemon");

  public StubDaemon(Path socket) throws IOException {
    this.socket = socket;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    thread.start();
  }

  /** What it says to the next request, before it hangs up. */
  public StubDaemon answer(String text) {
    answers.add(text);
    return this;
  }

  /** The lines of the next request, in the order of requests. */
  public List<String> request() throws InterruptedException {
    return requests.take();
  }

  public Path socket() {
    return socket;
  }

  private void serve() {
    try {
      while (true) {
        try (SocketChannel client = server.accept()) {
          requests.add(read(client).lines().toList());
          client.write(ByteBuffer.wrap(answers.take().getBytes(StandardCharsets.UTF_8)));
        } catch (ClosedChannelException e) {
          return;
        } catch (IOException e) {
          // The client hung up: the next one may not.
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String read(SocketChannel client) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(128 << 10);
    while (client.read(buffer) >= 0) {
      String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
      if (text.endsWith("\n\n")) {
        return text;
      }
    }
    throw new ClosedChannelException();
  }

  @Override
  public void close() throws IOException {
    thread.interrupt();
    server.close();
  }
}
