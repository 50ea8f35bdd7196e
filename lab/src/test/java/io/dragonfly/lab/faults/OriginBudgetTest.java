package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.NOTHING_LISTENS;
import static io.dragonfly.lab.faults.Fault.ORIGIN_FAILS_ALWAYS;
import static io.dragonfly.lab.faults.Fault.ORIGIN_NEVER_ANSWERS;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What a seed and five peers together ask of an origin that can't be read, and how they end. */
@Timeout(400)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OriginBudgetTest {
  private static final List<String> PEERS = List.of("a", "b", "c", "d", "e");
  private static final LabContent CONTENT = new LabContent(9, 8 << 20);

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of("seed"), PEERS);
  }

  @AfterAll
  void stop() throws IOException {
    bench.close();
  }

  @AfterEach
  void returnsToBase() {
    bench.returnsToBase();
  }

  @Test
  void anOriginThatAlwaysFailsIsAskedByTwoHostsForAll() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(500))) {
      allFail(ORIGIN_FAILS_ALWAYS, origin.url("/broken"), "500");
      assertThat(origin.requests())
          .as("two hosts, each of which asks four times in all")
          .hasSizeLessThanOrEqualTo(8);
    }
  }

  @Test
  void anOriginThatComesBackIsAskedAgain() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(503))) {
      allFail(ORIGIN_FAILS_ALWAYS, origin.url("/back"), "503");
      origin.become(CONTENT, Behaviour.good());
      Thread.sleep(5_000); // so long the verdict stands
      for (String peer : PEERS) {
        bench.run(ORIGIN_FAILS_ALWAYS, peer, origin.url("/back")).succeededWith(CONTENT);
      }
      assertThat(origin.bytesSent()).isLessThan(CONTENT.length() * 101 / 100);
    }
  }

  @Test
  void nobodyWaitsLongForAPortWhereNothingListens() throws Exception {
    // Bound without listening: connections are refused, and nobody else gets the port.
    try (SocketChannel held =
        SocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      int port = held.socket().getLocalPort();
      allFail(NOTHING_LISTENS, "http://127.0.0.1:" + port + "/nobody", "127.0.0.1:" + port);
    }
  }

  @Test
  void anOriginThatNeverAnswersIsAskedByFew() throws Exception {
    try (SilentOrigin origin = new SilentOrigin()) {
      allFail(ORIGIN_NEVER_ANSWERS, origin.url(), "origin");
      assertThat(origin.connections.size()).as("connections").isLessThanOrEqualTo(60);
    }
  }

  private void allFail(Fault fault, String url, String word) throws Exception {
    Map<String, Set<Path>> before = bench.caches();
    List<Path> outputs = new ArrayList<>();
    List<Program> programs = new ArrayList<>();
    for (String peer : PEERS) {
      outputs.add(bench.newOutput());
      programs.add(bench.start(peer, url, outputs.getLast()));
    }
    for (int i = 0; i < PEERS.size(); i++) {
      FaultBench.end(fault, programs.get(i), outputs.get(i)).failedSaying(word);
    }
    bench.cachesReturnTo(before);
  }

  /** Takes connections and says nothing. */
  private static final class SilentOrigin implements AutoCloseable {
    final ConcurrentLinkedQueue<Socket> connections = new ConcurrentLinkedQueue<>();
    private final ServerSocket socket = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());

    SilentOrigin() throws IOException {
      Thread.ofVirtual().start(this::accept);
    }

    String url() {
      return "http://127.0.0.1:" + socket.getLocalPort() + "/silent";
    }

    private void accept() {
      try {
        while (true) {
          connections.add(socket.accept());
        }
      } catch (IOException e) {
        // It was closed: the test is over.
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
      for (Socket connection : connections) {
        connection.close();
      }
    }
  }
}
