package io.dragonfly.lab.upstream;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.UnaryOperator;

/** Serves pieces as upstream does: one request on each connection, which it then closes. */
final class UpstreamPieceServer implements AutoCloseable {
  private final ServerSocket socket;
  private final Map<String, UpstreamContent> contents;
  private final Violations violations;

  /** What goes out instead of a piece's bytes; the checksum is made of what goes out. */
  private volatile UnaryOperator<byte[]> tamper = UnaryOperator.identity();

  private volatile AnswerWriter writer = (answer, out) -> out.write(answer);

  UpstreamPieceServer(
      String address,
      Map<String, UpstreamContent> contents,
      Violations violations,
      ExecutorService threads)
      throws IOException {
    this.contents = contents;
    this.violations = violations;
    this.socket = new ServerSocket(0, 1024, InetAddress.ofLiteral(address));
    threads.execute(() -> accept(threads));
  }

  int port() {
    return socket.getLocalPort();
  }

  void tamper(UnaryOperator<byte[]> change) {
    tamper = change;
  }

  void answerWith(AnswerWriter other) {
    writer = other;
  }

  private void accept(ExecutorService threads) {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        threads.execute(() -> serve(connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket connection) {
    try (connection;
        DataInputStream in = new DataInputStream(connection.getInputStream());
        DataOutputStream out =
            new DataOutputStream(new BufferedOutputStream(connection.getOutputStream()))) {
      connection.setTcpNoDelay(true);
      PieceFrames.Header header = PieceFrames.readHeader(in);
      if (header.tag() != PieceFrames.DOWNLOAD_PIECE
          || header.length() != PieceFrames.TASK_ID_LENGTH + 4) {
        violations.add("piece request with tag " + header.tag() + ", length " + header.length());
        return;
      }
      String taskId =
          new String(in.readNBytes(PieceFrames.TASK_ID_LENGTH), StandardCharsets.US_ASCII);
      answer(taskId, in.readInt(), out);
    } catch (IOException e) {
      // The child went away; it asks again elsewhere.
    }
  }

  private void answer(String taskId, int number, DataOutputStream out) throws IOException {
    UpstreamContent content = contents.get(taskId);
    Optional<UpstreamContent.Piece> piece =
        content == null ? Optional.empty() : content.piece(number);
    if (content == null || piece.isEmpty()) {
      PieceFrames.writeError(out, PieceFrames.NOT_FOUND, "piece " + taskId + "-" + number);
      return;
    }
    byte[] bytes = tamper.apply(content.read(piece.get()));
    ByteArrayOutputStream answer = new ByteArrayOutputStream(bytes.length + 256);
    DataOutputStream frame = new DataOutputStream(answer);
    PieceFrames.writeAnswer(
        frame,
        new PieceFrames.Metadata(
            number,
            piece.get().offset(),
            bytes.length,
            UpstreamContent.digest(bytes),
            piece.get().parentId()));
    frame.write(bytes);
    writer.write(answer.toByteArray(), out);
    out.flush();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
