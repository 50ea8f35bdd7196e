package io.dragonfly.daemon.transfer;

import com.sun.management.OperatingSystemMXBean;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;

/**
 * Measures what a byte costs on its way from one store to another over loopback, both ends in this
 * process, next to a bare loop of sockets and files with a CRC32. Arguments: directory, MiB,
 * rounds.
 */
final class TransferMeasurement {
  private static final int CHILD_THREADS = 4;
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final Path directory;
  private final ContentInfo content;
  private final PieceStore parentStore;
  private final StoredTask parentTask;

  private TransferMeasurement(Path directory, long bytes) throws IOException {
    this.directory = directory;
    this.content = ContentInfo.of(bytes, 4 << 20, "v1", Map.of());
    this.parentStore =
        PieceStore.open(
            directory.resolve("parent"), StoreOptions.defaults(), InstantSource.system());
    this.parentTask = parentStore.create(TestContent.KEY, TestContent.ORIGIN, content);
    byte[] piece = new byte[4 << 20];
    new Random(1).nextBytes(piece);
    for (int i = 0; i < content.layout().pieceCount(); i++) {
      try (PieceEditor editor = parentTask.edit(i).orElseThrow()) {
        piece[0] = (byte) i;
        editor.write(ByteBuffer.wrap(piece));
        var _ =
            editor.commit(
                Optional.empty(), Optional.empty(), TrafficType.BACK_TO_SOURCE, "", Duration.ZERO);
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    long bytes = Long.parseLong(arguments[1]) << 20;
    TransferMeasurement measurement = new TransferMeasurement(Path.of(arguments[0]), bytes);
    for (int round = 0; round < Integer.parseInt(arguments[2]); round++) {
      double bare = measurement.report("bare loop, 1 connection", 0, measurement::bareLoop);
      for (ContentSender sender : ContentSender.values()) {
        for (boolean rooted : new boolean[] {false, true}) {
          measurement.report(
              sender + (rooted ? ", blocks with root" : ", pieces with crc32"),
              bare,
              () -> measurement.transfer(sender, rooted));
        }
      }
    }
    measurement.parentStore.close();
  }

  /** Returns CPU seconds per GB. */
  private double report(String name, double bare, Callable<Void> work) throws Exception {
    long cpu = SYSTEM.getProcessCpuTime();
    long start = System.nanoTime();
    work.call();
    double seconds = (System.nanoTime() - start) / 1e9;
    double gigabytes = content.length().orElseThrow() / 1e9;
    double cost = (SYSTEM.getProcessCpuTime() - cpu) / 1e9 / gigabytes;
    System.out.printf(
        "%-28s %5.2f GB/s  %5.2f CPU s/GB  %s%n",
        name,
        gigabytes / seconds,
        cost,
        bare > 0 ? "x " + Math.round(100 * cost / bare) / 100.0 : "");
    return cost;
  }

  private Void transfer(ContentSender sender, boolean rooted) throws Exception {
    PieceServerOptions options =
        PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Map<Integer, PieceRoot> roots = parentTask.roots();
    try (PieceServer server = new PieceServer(parentStore, options, sender);
        PieceClient client = new PieceClient(PieceClientOptions.defaults());
        PieceStore store =
            PieceStore.open(
                directory.resolve("child"),
                StoreOptions.defaults().withKeep(false),
                InstantSource.system());
        ExecutorService threads = Executors.newFixedThreadPool(CHILD_THREADS)) {
      server.start();
      StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content);
      ParentAddress parent = new ParentAddress("127.0.0.1", server.port(), rooted);
      List<Future<StoredPiece>> pieces = new ArrayList<>();
      for (int i = 0; i < content.layout().pieceCount(); i++) {
        int number = i;
        pieces.add(
            threads.submit(() -> {
              try (PieceEditor editor = task.edit(number).orElseThrow()) {
                return client.fetch(
                    parent,
                    task,
                    editor,
                    rooted ? Optional.ofNullable(roots.get(number)) : Optional.empty(),
                    TrafficType.REMOTE_PEER,
                    "peer",
                    FetchLimits.defaults(),
                    new Cancellation());
              }
            }));
      }
      for (Future<StoredPiece> piece : pieces) {
        var _ = piece.get();
      }
      var _ = store.delete(TestContent.KEY); // Else closing would wait for the disk.
    }
    return null;
  }

  private Void bareLoop() throws Exception {
    Path target = directory.resolve("bare");
    Files.deleteIfExists(target);
    try (ServerSocketChannel listener =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<Void> sent =
          thread.submit(() -> {
            try (SocketChannel child = listener.accept();
                FileChannel file = FileChannel.open(parentTask.file())) {
              pump(file, child, Optional.empty());
              return null;
            }
          });
      try (SocketChannel parent = SocketChannel.open(listener.getLocalAddress());
          FileChannel file =
              FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        pump(parent, file, Optional.of(new CRC32()));
      }
      sent.get();
    }
    Files.delete(target);
    return null;
  }

  private static void pump(ReadableByteChannel from, WritableByteChannel to, Optional<CRC32> crc)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    while (from.read(buffer.clear()) >= 0) {
      buffer.flip();
      crc.ifPresent(sum -> sum.update(buffer.duplicate()));
      while (buffer.hasRemaining()) {
        to.write(buffer);
      }
    }
  }
}
