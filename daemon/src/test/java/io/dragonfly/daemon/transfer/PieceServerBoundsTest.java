package io.dragonfly.daemon.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dragonfly.daemon.storage.TestContent;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a child that asks for too much, or takes too little, can have of a piece server. */
@Timeout(120)
final class PieceServerBoundsTest extends ServedTask {
  private static final Duration LONG = Duration.ofSeconds(60);

  private static InetAddress loopback(int last) throws UnknownHostException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
  }

  private Socket connect(int from) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(8192);
    socket.bind(new InetSocketAddress(loopback(from), 0));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    socket.setSoTimeout((int) LONG.toMillis());
    sockets.add(socket);
    return socket;
  }

  private static byte[] request(int id, int number) {
    return ByteBuffer.allocate(74)
        .put((byte) id)
        .put((byte) 0)
        .putInt(68)
        .put(TestContent.KEY.id().value().getBytes(US_ASCII))
        .putInt(number)
        .array();
  }

  /** The bytes of an answer's content, whose head is skipped. */
  private static byte[] readPiece(Socket socket) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    in.readUnsignedByte();
    assertThat(in.readUnsignedByte()).isEqualTo(1);
    int metadata = in.readInt();
    byte[] head = in.readNBytes(metadata);
    return in.readNBytes((int) ByteBuffer.wrap(head).getLong(4 + 4 + 8));
  }

  private static String readError(DataInputStream in, int id) throws IOException {
    assertThat(in.readUnsignedByte()).isEqualTo(id);
    assertThat(in.readUnsignedByte()).isEqualTo(255);
    int length = in.readInt();
    in.readUnsignedByte();
    return new String(in.readNBytes(length - 1), US_ASCII);
  }

  private static void assertIsServed(Socket socket, byte[] piece) throws IOException {
    socket.getOutputStream().write(request(1, 1));
    assertThat(readPiece(socket)).isEqualTo(piece);
  }

  /** Requests wait in the child's and the kernel's memory; the server reads one at a time. */
  @Test
  void thousandsOfRequestsOnOneConnectionAreAnsweredInOrderAndHinderNobody() throws Exception {
    int count = 20_000; // 1.5 MB of requests, 1 MB of answers.
    Socket eager = connect(1);
    Thread asking =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < count; i++) {
                  eager.getOutputStream().write(request(i, 1000 + i));
                }
              } catch (IOException e) {
                // The reader below sees what is missing.
              }
            });
    await().atMost(LONG).until(() -> server.activity().failures() > 10);
    assertIsServed(connect(1), content.piece(1));
    assertThat(server.activity().connections()).isEqualTo(2);
    DataInputStream in = new DataInputStream(new BufferedInputStream(eager.getInputStream()));
    for (int i = 0; i < count; i++) {
      assertThat(readError(in, i & 0xFF)).contains("no piece " + (1000 + i));
    }
    asking.join();
    // It counts an answer a little after its last byte has left.
    await().atMost(LONG).until(() -> server.activity().failures() == count);
  }

  @Test
  void whoAsksForThousandsOfPiecesAndReadsNoneHasOneAnswerUnderWayAndIsCutOff() throws Exception {
    restart(options().withTimeouts(LONG, LONG, Duration.ofSeconds(2)));
    Socket greedy = connect(1);
    ByteBuffer requests = ByteBuffer.allocate(74 * 1000);
    for (int i = 0; i < 1000; i++) {
      requests.put(request(i, 0));
    }
    greedy.getOutputStream().write(requests.array());
    await().atMost(LONG).until(() -> task.uploadingCount() == 1);
    assertIsServed(connect(1), content.piece(1));
    await().atMost(LONG).until(() -> server.activity().failures() == 1);
    assertThat(task.uploadingCount()).isZero();
    assertThat(task.uploadedCount()).isEqualTo(1);
    assertThatThrownBy(() -> greedy.getInputStream().readAllBytes())
        .isInstanceOf(SocketException.class); // A reset, not an end.
  }

  @Test
  void oneHostCannotHaveAllConnections() throws IOException {
    restart(options().withMaxConnections(100).withMaxConnectionsPerHost(4));
    for (int i = 0; i < 4; i++) {
      connect(2).getOutputStream().write(Arrays.copyOf(request(0, 0), 5));
    }
    await().atMost(LONG).until(() -> server.activity().connections() == 4);
    Socket fifth = connect(2);
    assertThat(readError(new DataInputStream(fifth.getInputStream()), 0)).contains("too many");
    assertThat(fifth.getInputStream().read()).isEqualTo(-1);
    Socket other = connect(3);
    assertIsServed(other, content.piece(1));
    // Of its own connections one that is only kept gives way, and none of another host's.
    sockets.get(0).close();
    await().atMost(LONG).until(() -> server.activity().connections() <= 4);
    Socket kept = connect(2);
    assertIsServed(kept, content.piece(1));
    assertIsServed(connect(2), content.piece(1));
    assertThat(kept.getInputStream().read()).isEqualTo(-1);
    assertIsServed(other, content.piece(1));
  }

  @Test
  void thousandConnectionsThatAskNothingAreBoundedAndClosed() throws IOException {
    restart(options().withMaxConnections(50).withTimeouts(LONG, Duration.ofSeconds(2), LONG));
    for (int i = 0; i < 1000; i++) {
      connect(2);
      assertThat(server.activity().connections()).isLessThanOrEqualTo(50 + 64 + 1);
    }
    // All of them are gone when the time for a first request is over.
    await().atMost(LONG).until(() -> server.activity().connections() == 0);
    assertIsServed(connect(1), content.piece(1));
  }
}
