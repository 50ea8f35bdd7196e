package io.dragonfly.daemon.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.management.UnixOperatingSystemMXBean;
import io.dragonfly.daemon.storage.TestContent;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A server as a child sees it that writes its bytes by hand. */
final class PieceServerTest extends ServedTask {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(300);

  private Socket connect() throws IOException {
    return connect(0);
  }

  private Socket connect(int receiveBuffer) throws IOException {
    Socket socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    socket.setSoTimeout((int) LONG.toMillis());
    sockets.add(socket);
    return socket;
  }

  private static byte[] pieceRequest(int tag, int number) {
    return ByteBuffer.allocate(74)
        .put((byte) 42)
        .put((byte) tag)
        .putInt(68)
        .put(TestContent.KEY.id().value().getBytes(US_ASCII))
        .putInt(number)
        .array();
  }

  /** Reads an answer to a piece request as upstream's client would. */
  private byte[] readPiece(Socket socket, int number) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    assertThat(in.readUnsignedByte()).isEqualTo(42);
    assertThat(in.readUnsignedByte()).isEqualTo(1);
    String digest = "crc32:" + content.crc(number);
    int metadata = 45 + digest.length();
    assertThat(in.readInt()).isEqualTo(4 + metadata);
    assertThat(in.readInt()).isEqualTo(metadata);
    assertThat(in.readInt()).isEqualTo(number);
    assertThat(in.readLong()).isEqualTo(content.layout().offset(number));
    long length = in.readLong();
    assertThat(length).isEqualTo(content.layout().length(number));
    assertThat(new String(in.readNBytes(in.readInt()), US_ASCII)).isEqualTo(digest);
    assertThat(in.readInt()).isZero();
    assertThat(in.readByte()).isEqualTo((byte) 1);
    assertThat(in.readLong()).isEqualTo(TestContent.COST.toSeconds());
    assertThat(in.readLong())
        .isEqualTo(task.piece(number).orElseThrow().createdAt().getEpochSecond());
    return in.readNBytes((int) length);
  }

  private static String readError(Socket socket, int code) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    in.readUnsignedByte();
    assertThat(in.readUnsignedByte()).isEqualTo(255);
    int length = in.readInt();
    assertThat(in.readUnsignedByte()).isEqualTo(code);
    return new String(in.readNBytes(length - 1), US_ASCII);
  }

  private static void assertEnds(Socket socket) throws IOException {
    assertThat(socket.getInputStream().read()).isEqualTo(-1);
  }

  @Test
  void anUpstreamChildGetsItsPieceAndCloses() throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(pieceRequest(0, 1));
      assertThat(readPiece(socket, 1)).isEqualTo(content.piece(1));
    }
    await().atMost(LONG).until(() -> server.activity().connections() == 0);
    assertThat(server.activity().pieces()).isEqualTo(1);
    assertThat(task.uploadedCount()).isEqualTo(1);
  }

  @Test
  void aChildThatClosesItsSendingSideIsStillServed() throws IOException {
    Socket socket = connect();
    socket.getOutputStream().write(pieceRequest(0, 0));
    socket.shutdownOutput();
    assertThat(readPiece(socket, 0)).isEqualTo(content.piece(0));
    assertEnds(socket);
  }

  @Test
  void requestsSentTogetherAreAnsweredInOrder() throws IOException {
    Socket socket = connect();
    ByteBuffer requests = ByteBuffer.allocate(74 * 5);
    for (int number : new int[] {1, 0, 7, 1, 0}) {
      requests.put(pieceRequest(0, number));
    }
    socket.getOutputStream().write(requests.array());
    assertThat(readPiece(socket, 1)).isEqualTo(content.piece(1));
    assertThat(readPiece(socket, 0)).isEqualTo(content.piece(0));
    assertThat(readError(socket, 2)).contains("no piece 7");
    assertThat(readPiece(socket, 1)).isEqualTo(content.piece(1));
    assertThat(readPiece(socket, 0)).isEqualTo(content.piece(0));
  }

  @Test
  void aRequestMayArriveByteByByte() throws IOException {
    Socket socket = connect();
    for (byte b : pieceRequest(0, 1)) {
      socket.getOutputStream().write(b);
    }
    assertThat(readPiece(socket, 1)).isEqualTo(content.piece(1));
  }

  @Test
  void whatIsNotThereIsNotFound() throws IOException {
    Socket socket = connect();
    for (byte[] request :
        List.of(
            pieceRequest(0, 2),
            pieceRequest(0, -1),
            pieceRequest(0, Integer.MAX_VALUE),
            pieceRequest(2, 0),
            pieceRequest(4, 0))) {
      socket.getOutputStream().write(request);
      assertThat(readError(socket, 2)).isNotEmpty();
    }
  }

  @Test
  void aFrameThatAnnouncesFourGibibytesIsRefusedAtOnce() throws IOException {
    Socket socket = connect();
    socket.getOutputStream().write(new byte[] {1, 0, -1, -1, -1, -1});
    assertThat(readError(socket, 1)).contains("4294967295");
    assertEnds(socket);
  }

  @Test
  void whatIsNoRequestIsAnsweredAndEnded() throws IOException {
    byte[] badId = pieceRequest(0, 0);
    badId[10] = '/';
    for (byte[] bad :
        List.of(
            pieceRequest(6, 0),
            pieceRequest(1, 0),
            pieceRequest(77, 0),
            badId,
            new byte[] {1, 0, 0, 0, 0, 67},
            new byte[] {1, 64, 0, 0, 0, 3, 0, 0, 0},
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII))) {
      Socket socket = connect();
      socket.getOutputStream().write(bad);
      assertThat(readError(socket, 1)).isNotEmpty();
      assertEnds(socket);
    }
    Socket socket = connect();
    socket.getOutputStream().write(new byte[] {1, (byte) 254, 0, 0, 0, 0});
    assertEnds(socket);
  }

  @Test
  void blocksBeyondThePieceAreRefused() throws IOException {
    Socket socket = connect();
    byte[] id = TestContent.KEY.id().value().getBytes(US_ASCII);
    ByteBuffer request = ByteBuffer.allocate(6 + 17 + id.length);
    request.put((byte) 1).put((byte) 64).putInt(17 + id.length).put((byte) 0);
    request.putLong(PieceProtocol.versionNumber("v1")).putInt(1).put((byte) 12).put((byte) 2);
    request.put((byte) 0).put((byte) id.length).put(id);
    socket.getOutputStream().write(request.array()); // Piece 1 has blocks 0 to 12.
    assertThat(readError(socket, 1)).contains("13 blocks");
  }

  @Test
  void halfARequestAndThenSilenceIsCutOff() throws IOException {
    restart(options().withTimeouts(LONG, SHORT, LONG));
    Socket socket = connect();
    socket.getOutputStream().write(Arrays.copyOf(pieceRequest(0, 0), 5));
    assertEnds(socket);
  }

  @Test
  void anIdleConnectionIsClosed() throws IOException {
    restart(options().withTimeouts(Duration.ofSeconds(2), LONG, LONG));
    Socket fresh = connect();
    Socket used = connect();
    used.getOutputStream().write(pieceRequest(0, 1));
    assertThat(readPiece(used, 1)).isEqualTo(content.piece(1));
    assertEnds(fresh);
    assertEnds(used);
    await().atMost(LONG).until(() -> server.activity().connections() == 0);
  }

  @Test
  void childrenThatDoNotReadHoldNoThreadAndAreCutOff() throws IOException {
    restart(options().withTimeouts(LONG, LONG, Duration.ofSeconds(2)));
    List<Socket> stuck = new ArrayList<>();
    for (int i = 0; i < 8; i++) { // There are two sending threads.
      Socket socket = connect(4096);
      socket.getOutputStream().write(pieceRequest(0, 0));
      stuck.add(socket);
    }
    Socket reader = connect();
    reader.getOutputStream().write(pieceRequest(0, 0));
    assertThat(readPiece(reader, 0)).isEqualTo(content.piece(0));
    await().atMost(LONG).until(() -> server.activity().failures() == 8);
    for (Socket socket : stuck) {
      assertThatThrownBy(() -> socket.getInputStream().readNBytes(4 << 20))
          .isInstanceOf(SocketException.class); // A reset, not an end.
    }
    assertThat(task.uploadingCount()).isZero();
  }

  @Test
  void oneConnectionTooManyIsToldSo() throws IOException {
    restart(options().withMaxConnections(2));
    Socket first = connect();
    Socket second = connect();
    second.getOutputStream().write(Arrays.copyOf(pieceRequest(0, 1), 5));
    await().atMost(LONG).until(() -> server.activity().connections() == 2);
    Socket third = connect();
    assertThat(readError(third, 3)).contains("too many");
    assertEnds(third);
    // A kept connection gives way.
    first.getOutputStream().write(pieceRequest(0, 1));
    assertThat(readPiece(first, 1)).isEqualTo(content.piece(1));
    await()
        .atMost(LONG)
        .untilAsserted(() -> {
          Socket fourth = connect();
          fourth.getOutputStream().write(pieceRequest(0, 1));
          assertThat(readPiece(fourth, 1)).isEqualTo(content.piece(1));
        });
    assertEnds(first);
  }

  @Test
  void aFileThatShrankEndsInAResetNotInAnEnd() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(task.file().toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    Socket socket = connect();
    socket.getOutputStream().write(pieceRequest(0, 0));
    assertThatThrownBy(() -> readPiece(socket, 0)).isInstanceOf(SocketException.class);
    // It is in doubt now, and the doubt was right.
    Socket again = connect();
    again.getOutputStream().write(pieceRequest(0, 0));
    assertThat(readError(again, 2)).contains("no piece 0");
    assertThat(task.hasPiece(0)).isFalse();
  }

  @Test
  void aTaskThatIsDeletedWhileItIsSentIsSentToItsEnd() throws IOException {
    Socket socket = connect(4096);
    socket.getOutputStream().write(pieceRequest(0, 0));
    await().atMost(LONG).until(() -> task.uploadingCount() == 1);
    assertThat(store.delete(TestContent.KEY)).isTrue();
    Path file = task.file();
    assertThat(file).exists();
    DataInputStream in = new DataInputStream(socket.getInputStream());
    in.skipNBytes(6 + 4 + 45 + ("crc32:" + content.crc(0)).length());
    assertThat(in.readNBytes(4 << 20)).isEqualTo(content.piece(0));
    await().atMost(LONG).until(() -> !file.toFile().exists());
  }

  @Test
  void closingCutsChildrenOffAndGivesEverythingBack() throws IOException {
    server.close();
    long before = openFiles();
    server = new PieceServer(store, options());
    server.start();
    for (int i = 0; i < 4; i++) {
      Socket stuck = connect(4096);
      stuck.getOutputStream().write(pieceRequest(0, 0));
      connect();
    }
    await().atMost(LONG).until(() -> task.uploadingCount() == 4);
    server.close();
    assertThat(task.uploadingCount()).isZero();
    for (Socket socket : sockets) {
      socket.close();
    }
    await().atMost(LONG).until(() -> openFiles() <= before);
    assertThat(store.delete(TestContent.KEY)).isTrue();
    assertThat(task.file()).doesNotExist();
  }

  private static long openFiles() {
    return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getOpenFileDescriptorCount();
  }

  @Test
  void aPortInUseIsAClearError() {
    PieceServer second =
        new PieceServer(
            store,
            PieceServerOptions.on(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port())));
    assertThatThrownBy(second::start)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(String.valueOf(server.port()));
    second.close();
  }
}
