package io.dragonfly.daemon.transfer;

import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.daemon.storage.TestContent;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/**
 * A parent that says to every connection what it was told to say. Its frames are written by hand.
 */
final class FakeParent implements AutoCloseable {
  enum End {
    CLOSE,
    /** Keeps the connection open without a word. */
    HOLD
  }

  private static final int SLOW_BYTES = 1000;

  private final ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  private final CountDownLatch requested = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final int requestBytes;
  private final byte[] head;
  private final byte[] content;
  private final End end;
  private final Duration pause;

  FakeParent(int requestBytes, byte[] head, byte[] content, End end) throws IOException {
    this(requestBytes, head, content, end, Duration.ZERO);
  }

  /**
   * @param pause between each thousand bytes of content
   */
  FakeParent(int requestBytes, byte[] head, byte[] content, End end, Duration pause)
      throws IOException {
    this.requestBytes = requestBytes;
    this.head = head;
    this.content = content;
    this.end = end;
    this.pause = pause;
    Thread.ofVirtual().start(this::accept);
  }

  /** Sends these bytes as the piece, with a checksum that matches them. */
  static FakeParent answeringPieces(TestContent content, int number, byte[] bytes)
      throws IOException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    long offset = content.layout().offset(number);
    return new FakeParent(
        74, pieceHead(number, offset, bytes.length, "crc32:" + crc.getValue()), bytes, End.CLOSE);
  }

  static byte[] pieceHead(int number, long offset, long length, String digest) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      int metadata = 45 + digest.length();
      out.writeByte(200);
      out.writeByte(1);
      out.writeInt(4 + metadata);
      out.writeInt(metadata);
      out.writeInt(number);
      out.writeLong(offset);
      out.writeLong(length);
      out.writeInt(digest.length());
      out.write(digest.getBytes(StandardCharsets.US_ASCII));
      out.writeInt(0);
      out.writeByte(1);
      out.writeLong(0);
      out.writeLong(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static byte[] blocksHead(int number, int first, int count, long length, BlockHashes hashes) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(200);
      out.writeByte(65);
      out.writeInt(15 + 32 * hashes.count());
      out.writeInt(number);
      out.writeByte(first);
      out.writeByte(count);
      out.writeLong(length);
      out.writeByte(hashes.count());
      out.write(hashes.bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  ParentAddress address(boolean extension) {
    // Upstream's request is the shorter one: who is asked for 74 bytes is upstream's.
    return new ParentAddress("127.0.0.1", listener.getLocalPort(), extension && requestBytes != 74);
  }

  void awaitRequest() throws InterruptedException {
    if (!requested.await(30, TimeUnit.SECONDS)) {
      throw new AssertionError("no request came");
    }
  }

  /** Waits until the child ended a connection that was held. */
  void awaitEnd() throws InterruptedException {
    if (!ended.await(30, TimeUnit.SECONDS)) {
      throw new AssertionError("the child never closed");
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return; // Closed.
      }
    }
  }

  private void serve(Socket child) {
    try (child) {
      if (child.getInputStream().readNBytes(requestBytes).length < requestBytes) {
        return;
      }
      requested.countDown();
      child.getOutputStream().write(head);
      if (pause.isZero()) {
        child.getOutputStream().write(content);
      } else {
        for (int at = 0; at < content.length; at += SLOW_BYTES) {
          child.getOutputStream().write(content, at, Math.min(SLOW_BYTES, content.length - at));
          Thread.sleep(pause);
        }
      }
      if (end == End.HOLD) {
        var _ = child.getInputStream().read();
      }
    } catch (IOException | InterruptedException e) {
      // The child went away.
    } finally {
      ended.countDown();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
