package io.dragonfly.daemon.download;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.source.SourceOptions;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.transfer.FetchLimits;
import io.dragonfly.daemon.transfer.PieceClient;
import io.dragonfly.daemon.transfer.PieceClientOptions;
import io.dragonfly.daemon.transfer.PieceServer;
import io.dragonfly.daemon.transfer.PieceServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A host with a real store, piece server, piece client and origin client. */
final class TestHost implements AutoCloseable {
  final String name;
  final PieceStore store;
  final PieceServer server;
  final Downloads downloads;
  private final PieceClient client;
  private final Sources sources;
  final DownloadRates rates = DownloadRates.unlimited();
  final Map<ByteSource, Long> traffic = new ConcurrentHashMap<>();
  volatile boolean killed;
  private volatile OptionalInt way = OptionalInt.empty();

  TestHost(FakeSwarm swarm, String name, Path directory, StoreOptions storeOptions)
      throws IOException {
    this(swarm, name, directory, storeOptions, Long.MAX_VALUE);
  }

  TestHost(
      FakeSwarm swarm,
      String name,
      Path directory,
      StoreOptions storeOptions,
      long uploadBytesPerSecond)
      throws IOException {
    this(swarm, name, directory, storeOptions, uploadBytesPerSecond, DownloadOptions.DEFAULTS);
  }

  TestHost(
      FakeSwarm swarm,
      String name,
      Path directory,
      StoreOptions storeOptions,
      long uploadBytesPerSecond,
      DownloadOptions options)
      throws IOException {
    this.name = name;
    store = PieceStore.open(directory.resolve(name), storeOptions, Clock.systemUTC());
    server =
        new PieceServer(
            store,
            PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .withUpload(FairBucket.ofRate(uploadBytesPerSecond)));
    server.start();
    client = new PieceClient(PieceClientOptions.defaults());
    sources =
        Sources.of(
            SourceOptions.builder()
                .environment(Map.of())
                .maxRetries(1)
                .firstPause(Duration.ofMillis(10))
                .build());
    AtomicInteger peers = new AtomicInteger();
    downloads =
        new Downloads(
            new Downloads.Surroundings(
                store,
                client,
                sources,
                swarm.links(this),
                swarm.sync(),
                () -> new PeerId(name + "-" + peers.incrementAndGet()),
                _ -> new byte[0],
                rates,
                (source, bytes) -> traffic.merge(source, bytes, Long::sum),
                new FetchLimits(
                    Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(3), 0)),
            options,
            new SplittableRandom(5));
    swarm.add(this);
  }

  /** From now on others reach it by another way. */
  void reachedAt(int port) {
    way = OptionalInt.of(port);
  }

  int piecePort() {
    return way.orElse(server.port());
  }

  ParentInfo asParent(PeerId peer) {
    return new ParentInfo(peer, new HostId(name), "127.0.0.1", piecePort(), false);
  }

  /** Its piece server goes, without a word to anybody. */
  void kill() {
    killed = true;
    server.close();
  }

  @Override
  public void close() throws IOException {
    downloads.close();
    if (!killed) {
      server.close();
    }
    client.close();
    sources.close();
    store.close();
  }
}
