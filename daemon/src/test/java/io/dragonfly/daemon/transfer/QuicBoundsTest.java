package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a child can have of a piece server over QUIC, with real sockets. */
@Timeout(120)
final class QuicBoundsTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofSeconds(2);
  private static final FetchLimits PATIENT = new FetchLimits(LONG, LONG, LONG, 0);

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(9_000_000, 4 << 20);
  private final EventLoops loops = new EventLoops("quic", 2);
  private final List<AutoCloseable> clients = new ArrayList<>();
  private PieceStore parentStore;
  private PieceStore childStore;
  private StoredTask parentTask;
  private QuicPieceServer server;

  @BeforeEach
  void open() throws IOException {
    parentStore =
        PieceStore.open(temp.resolve("parent"), StoreOptions.defaults(), InstantSource.system());
    childStore =
        PieceStore.open(temp.resolve("child"), StoreOptions.defaults(), InstantSource.system());
    parentTask = content.storeAll(parentStore);
    server = new QuicPieceServer(parentStore, options(), loops);
    server.start();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable client : clients) {
      client.close();
    }
    server.close();
    childStore.close();
    parentStore.close();
    loops.close();
  }

  private static InetAddress loopback(int last) throws UnknownHostException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
  }

  private static PieceServerOptions options() {
    return PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private void restart(PieceServerOptions options, int mostHalfOpen) throws IOException {
    server.close();
    server = new QuicPieceServer(parentStore, options, loops, mostHalfOpen);
    server.start();
  }

  private QuicConnections connections(int from) throws IOException {
    QuicConnections made = new QuicConnections(loops, new InetSocketAddress(loopback(from), 0));
    clients.add(made);
    return made;
  }

  private QuicStream open(QuicConnections from) throws IOException {
    return from.open(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()), LONG, LONG);
  }

  private void fetch(int from, int number) throws Exception {
    PieceClient client =
        new PieceClient(PieceClientOptions.defaults(), Optional.of(connections(from)));
    try (client) {
      StoredTask task = childStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
      try (PieceEditor editor = task.edit(number).orElseThrow()) {
        client.fetch(
            new ParentAddress("127.0.0.1", server.port(), /* extension= */ true),
            task,
            editor,
            Optional.of(content.root(number)),
            TrafficType.REMOTE_PEER,
            "parent-peer",
            PATIENT,
            new Cancellation());
      }
      try (PieceView view = task.view(number)) {
        assertThat(TestContent.read(view)).isEqualTo(content.piece(number));
      }
    }
  }

  private static ByteBuffer request(int number) {
    return PieceProtocol.encode(new PieceProtocol.Request.Piece(7, TestContent.KEY, number));
  }

  private static PieceProtocol.Answer.Failure failure(QuicStream stream) throws Exception {
    ByteBuffer in = ByteBuffer.allocate(PieceProtocol.MAX_ANSWER_BYTES);
    while (stream.read(in) >= 0) {
      // To its end.
    }
    in.flip();
    int bytes = PieceProtocol.answerBytes(in, PieceProtocol.TAG_ERROR);
    return (PieceProtocol.Answer.Failure) PieceProtocol.decodeAnswer(in, bytes);
  }

  @Test
  void aConnectionTooManyIsToldSoUnlessOneThatCarriesNothingGivesWay() throws Exception {
    restart(options().withMaxConnections(8), 64); // Two connections over QUIC.
    QuicConnections first = connections(1);
    QuicConnections second = connections(1);
    try (QuicStream asking = open(first);
        QuicStream alsoAsking = open(second)) {
      asking.write(ByteBuffer.wrap(new byte[] {1, 0, 0}));
      alsoAsking.write(ByteBuffer.wrap(new byte[] {1, 0, 0}));
      await().atMost(LONG).until(() -> server.connections() == 2);
      assertThatThrownBy(
              () -> {
                try (QuicStream third = open(connections(1))) {
                  third.write(request(0));
                  while (third.read(ByteBuffer.allocate(1000)) >= 0) {
                    // Until it fails.
                  }
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("too many connections");
      assertThat(server.connections()).isEqualTo(2);
    }
    fetch(1, 2);
  }

  @Test
  void aHostCannotHaveAllConnections() throws Exception {
    restart(options().withMaxConnectionsPerHost(1), 64);
    try (QuicStream asking = open(connections(2))) {
      asking.write(ByteBuffer.wrap(new byte[] {1, 0, 0}));
      await().atMost(LONG).until(() -> server.connections() == 1);
      assertThatThrownBy(() -> fetch(2, 2)).isInstanceOf(TransferException.class);
      fetch(3, 2);
    }
  }

  @Test
  void aStreamTooManyIsToldSo() throws Exception {
    restart(options().withMaxConnectionsPerHost(4), 64);
    QuicConnections child = connections(1);
    List<QuicStream> streams = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      QuicStream stream = open(child);
      stream.write(ByteBuffer.wrap(new byte[] {1, 0, 0}));
      streams.add(stream);
    }
    try (QuicStream fifth = open(child)) {
      fifth.write(request(0));
      assertThat(failure(fifth).message()).contains("too many requests");
    }
    streams.forEach(QuicStream::close);
    await()
        .atMost(LONG)
        .untilAsserted(() -> {
          try (QuicStream again = open(child)) {
            again.write(request(9));
            assertThat(failure(again).message()).contains("no piece 9");
          }
        });
  }

  @Test
  void aReaderThatStopsLeavesBuffersToOthersAndIsCutOff() throws Exception {
    restart(options().withThreads(4).withTimeouts(LONG, LONG, SHORT), 64);
    QuicConnections greedy = connections(2);
    for (int i = 0; i < 100; i++) { // More than the connection's window of 16 MiB.
      open(greedy).write(request(0));
    }
    await().atMost(LONG).until(() -> parentTask.uploadingCount() > 50);
    fetch(3, 1);
    await().atMost(LONG).until(() -> parentTask.uploadingCount() == 0);
    // Of 400 MiB not more than the window, one piece for the other, and what waited to be sent:
    // some hundred KiB for each of a hundred streams.
    assertThat(server.bytes()).isLessThanOrEqualTo((16 << 20) + (4 << 20) + (24 << 20));
  }

  @Test
  void halfARequestAndThenSilenceIsCutOff() throws Exception {
    restart(options().withTimeouts(LONG, SHORT, LONG), 64);
    try (QuicStream stream = open(connections(1))) {
      stream.write(ByteBuffer.wrap(new byte[] {1, 0, 0}));
      // A reset shows as an error, or as an end without an answer.
      ByteBuffer in = ByteBuffer.allocate(100);
      try {
        assertThat(stream.read(in)).isEqualTo(-1);
      } catch (IOException e) {
        assertThat(e).isNotInstanceOf(InterruptedIOException.class);
      }
    }
  }

  @Test
  void aFrameThatAnnouncesFourGibibytesIsRefusedAtOnce() throws Exception {
    try (QuicStream stream = open(connections(1))) {
      stream.write(ByteBuffer.wrap(new byte[] {1, 0, -1, -1, -1, -1}));
      PieceProtocol.Answer.Failure refused = failure(stream);
      assertThat(refused.code()).isEqualTo(PieceProtocol.CODE_INVALID_ARGUMENT);
      assertThat(refused.message()).contains("4294967295");
    }
  }

  /** The first packets of many connections reach the server, and none of its answers them. */
  @Test
  void connectionsThatNeverShakeHandsAreFewAndOthersComeAllTheSame() throws Exception {
    restart(options(), 4);
    try (DatagramSocket oneWay = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> forward(oneWay, server.port()));
      QuicConnections mute = connections(1);
      InetSocketAddress there =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), oneWay.getLocalPort());
      for (int i = 0; i < 20; i++) {
        assertThat(
                catchThrowableOfType(
                    IOException.class, () -> mute.open(there, Duration.ofMillis(100), LONG)))
            .isNotNull();
      }
      await().atMost(LONG).until(() -> server.halfOpenConnections() == 4);
      fetch(1, 2); // It was asked for a proof of its address.
      assertThat(server.halfOpenConnections()).isEqualTo(4);
    }
  }

  private static void forward(DatagramSocket from, int port) {
    byte[] bytes = new byte[2048];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
        from.receive(packet);
        if (packet.getPort() != port) {
          packet.setSocketAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
          from.send(packet);
        }
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  @Test
  void aTokenIsOnlyGoodForItsAddressAndItsServer() throws IOException {
    AddressTokens tokens = new AddressTokens(() -> true, () -> true);
    InetSocketAddress child = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1000);
    ByteBuf id = Unpooled.wrappedBuffer(new byte[] {1, 2, 3, 4});
    ByteBuf token = Unpooled.buffer(tokens.maxTokenLength());
    assertThat(tokens.writeToken(token, id, child)).isTrue();
    int at = tokens.validateToken(token.slice(), child);
    assertThat(token.slice(at, token.readableBytes() - at)).isEqualTo(id);
    assertThat(
            tokens.validateToken(
                token.slice(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 1001)))
        .isEqualTo(-1);
    assertThat(tokens.validateToken(token.slice(), new InetSocketAddress(loopback(2), 1000)))
        .isEqualTo(-1);
    assertThat(new AddressTokens(() -> true, () -> true).validateToken(token.slice(), child))
        .isEqualTo(-1);
    assertThat(new AddressTokens(() -> true, () -> false).validateToken(token.slice(), child))
        .isEqualTo(-1);
    token.setByte(3, token.getByte(3) + 1);
    assertThat(tokens.validateToken(token.slice(), child)).isEqualTo(-1);
    assertThat(tokens.validateToken(token.slice(0, 10), child)).isEqualTo(-1);
  }
}
