package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.process.ProcessCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** Clients while a part of the cluster, or the origin, is lost. */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ClientFaultsTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final long LARGE = 64_000_000;
  private static final long SOME = 8L << 20;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Bench bench;

  @BeforeAll
  void open() throws Exception {
    bench = Bench.open();
    bench.start();
  }

  @AfterAll
  void close() throws Exception {
    if (bench != null) {
      bench.close();
    }
  }

  @Test
  @Order(1)
  void whatOneHostHasTheOtherGetsByCurlWhileTheOriginIsDown() throws Exception {
    FileTree files = FileTree.on(bench, "");
    CurlClient curl = new CurlClient(bench, files);
    Content content = curl.publish("down");
    curl.get(Bench.ONE, content);
    files.stop();
    bench.assertFromPeers(content, daemon -> curl.get(daemon, content));
    Bench.assertRead(1, content);
  }

  @Test
  @Order(2)
  void whatOneHostHasTheOtherGetsByContainerdWhileTheRegistryIsDown() throws Exception {
    Registry registry = Registry.start(bench);
    ContainerdClient containerd = new ContainerdClient(bench, registry);
    Bench.require(containerd.tools());
    Registry.Pushed image = registry.pushSmall("down");
    containerd.get(Bench.ONE, image);
    registry.stop();
    // Only the registry knows what a tag means; a digest means the same without it.
    String name = "down@" + image.image().manifest().digest();
    bench.assertFromPeers(image, daemon -> containerd.get(daemon, image, name));
    Bench.assertRead(1, image);
  }

  @Test
  @Order(3)
  void downloadsOutliveTheSeedThatIsKilledMidway() throws Exception {
    FileTree files = FileTree.on(bench, "limit_rate 4m;");
    CurlClient curl = new CurlClient(bench, files);
    Content file = files.add("large", LARGE);
    Registry registry = Registry.start(bench).behind("limit_rate 4m;");
    ContainerdClient containerd = new ContainerdClient(bench, registry);
    Bench.require(containerd.tools());
    containerd.on(Bench.TWO);
    Path directory = bench.newDirectory();
    Registry.Pushed image =
        registry.push(
            "large", Image.of(directory, "amd64", List.of(Layer.plain(directory, "large", LARGE))));

    long before = bench.storedBytes(Bench.SEED);
    CompletableFuture<Void> first = begin(() -> curl.get(Bench.ONE, file));
    CompletableFuture<Void> second = begin(() -> containerd.get(Bench.TWO, image));
    await().atMost(LIMIT).until(() -> bench.storedBytes(Bench.SEED) > before + SOME);
    bench.cluster().program(Bench.SEED).kill();
    assertThat(List.of(first, second))
        .as("all was there already")
        .noneMatch(CompletableFuture::isDone);

    end(first);
    end(second);
    Bench.assertRead(2, file);
    Bench.assertRead(2, image);
  }

  @Test
  @Order(4)
  void aDownloadOutlivesTheSchedulerThatIsKilledMidway() throws Exception {
    FileTree files = FileTree.on(bench, "limit_rate 4m;");
    CurlClient curl = new CurlClient(bench, files);
    Content file = files.add("large", LARGE / 2);
    long before = bench.storedBytes(Bench.ONE);
    CompletableFuture<Void> download = begin(() -> curl.get(Bench.ONE, file));
    await().atMost(LIMIT).until(() -> bench.storedBytes(Bench.ONE) > before + SOME);
    bench.cluster().program(ProcessCluster.SCHEDULER).kill();
    assertThat(download).as("all was there already").isNotDone();
    end(download);
    // What was under way may be read again by whom nobody allowed it any more.
    Bench.assertRead(2, file);
  }

  private static CompletableFuture<Void> begin(Bench.Action action) {
    CompletableFuture<Void> future = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            action.run();
            future.complete(null);
          } catch (Throwable e) {
            future.completeExceptionally(e);
          }
        });
    return future;
  }

  private static void end(CompletableFuture<Void> future) throws Exception {
    try {
      future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }
}
