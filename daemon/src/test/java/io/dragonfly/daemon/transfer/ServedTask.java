package io.dragonfly.daemon.transfer;

import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A whole task behind a piece server with two threads, and the sockets of who asks it. */
abstract class ServedTask {
  final TestContent content = TestContent.of(5_000_000, 4 << 20);
  final List<Socket> sockets = new ArrayList<>();
  PieceStore store;
  StoredTask task;
  PieceServer server;

  @TempDir private Path temp;

  @BeforeEach
  void open() throws IOException {
    store = PieceStore.open(temp.resolve("store"), StoreOptions.defaults(), InstantSource.system());
    task = content.storeAll(store);
    server = new PieceServer(store, options());
    server.start();
  }

  @AfterEach
  void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    server.close();
    store.close();
  }

  static PieceServerOptions options() {
    return PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .withThreads(2);
  }

  final void restart(PieceServerOptions options) throws IOException {
    server.close();
    server = new PieceServer(store, options);
    server.start();
  }
}
