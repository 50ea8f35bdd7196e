package io.dragonfly.lab.upstream;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The piece protocol as upstream speaks it; all integers are big-endian.
 *
 * <pre>
 * header   = id u8, tag u8, length u32
 * request  = header(tag 0, length 68), task id 64 ASCII bytes, piece number u32
 * answer   = header(tag 1, length 4 + n), n u32, metadata of n bytes, content
 * metadata = number u32, offset u64, length u64, digest length u32, digest,
 *            parent id length u32, parent id, traffic type u8, cost u64, created at i64
 * error    = header(tag 255, length), code u8, text
 * </pre>
 */
final class PieceFrames {
  static final int TASK_ID_LENGTH = 64;
  static final int DOWNLOAD_PIECE = 0;
  static final int PIECE_CONTENT = 1;
  static final int ERROR = 255;
  static final int NOT_FOUND = 2;
  private static final int FIXED_METADATA = 45;
  private static final int MAXIMUM_METADATA = 64 * 1024;

  record Header(int id, int tag, long length) {}

  record Metadata(int number, long offset, long length, String digest, String parentId) {}

  private PieceFrames() {}

  static Header readHeader(DataInputStream in) throws IOException {
    int id = in.readUnsignedByte();
    int tag = in.readUnsignedByte();
    return new Header(id, tag, Integer.toUnsignedLong(in.readInt()));
  }

  static void writeRequest(DataOutputStream out, String taskId, int number) throws IOException {
    byte[] id = taskId.getBytes(StandardCharsets.US_ASCII);
    if (id.length != TASK_ID_LENGTH) {
      throw new IOException("task id of " + id.length + " bytes, the protocol carries 64");
    }
    out.writeByte(7);
    out.writeByte(DOWNLOAD_PIECE);
    out.writeInt(TASK_ID_LENGTH + 4);
    out.write(id);
    out.writeInt(number);
    out.flush();
  }

  static void writeAnswer(DataOutputStream out, Metadata metadata) throws IOException {
    byte[] digest = metadata.digest().getBytes(StandardCharsets.US_ASCII);
    byte[] parent = metadata.parentId().getBytes(StandardCharsets.US_ASCII);
    int length = FIXED_METADATA + digest.length + parent.length;
    out.writeByte(7);
    out.writeByte(PIECE_CONTENT);
    out.writeInt(4 + length);
    out.writeInt(length);
    out.writeInt(metadata.number());
    out.writeLong(metadata.offset());
    out.writeLong(metadata.length());
    out.writeInt(digest.length);
    out.write(digest);
    out.writeInt(parent.length);
    out.write(parent);
    out.writeByte(1);
    out.writeLong(0);
    out.writeLong(System.currentTimeMillis() / 1000);
  }

  static void writeError(DataOutputStream out, int code, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeByte(7);
    out.writeByte(ERROR);
    out.writeInt(1 + bytes.length);
    out.writeByte(code);
    out.write(bytes);
    out.flush();
  }

  /** Reads the answer up to the first byte of the content. */
  static Metadata readAnswer(DataInputStream in) throws IOException {
    Header header = readHeader(in);
    if (header.tag() == ERROR) {
      int code = in.readUnsignedByte();
      byte[] text = in.readNBytes((int) Math.min(header.length() - 1, 4096));
      throw new IOException(
          "parent answered " + code + ": " + new String(text, StandardCharsets.UTF_8));
    }
    if (header.tag() != PIECE_CONTENT) {
      throw new IOException("unexpected tag " + header.tag());
    }
    long length = Integer.toUnsignedLong(in.readInt());
    if (header.length() != 4 + length || length < FIXED_METADATA || length > MAXIMUM_METADATA) {
      throw new IOException("header length " + header.length() + " with metadata of " + length);
    }
    int number = in.readInt();
    long offset = in.readLong();
    long content = in.readLong();
    String digest = text(in, length - FIXED_METADATA);
    String parent = text(in, length - FIXED_METADATA - digest.length());
    in.readUnsignedByte();
    in.readLong();
    in.readLong();
    if (length != FIXED_METADATA + digest.length() + parent.length()) {
      throw new IOException("metadata of " + length + " bytes does not add up");
    }
    return new Metadata(number, offset, content, digest, parent);
  }

  private static String text(DataInputStream in, long limit) throws IOException {
    long length = Integer.toUnsignedLong(in.readInt());
    if (length > limit) {
      throw new IOException("text of " + length + " bytes where " + limit + " fit");
    }
    return new String(in.readNBytes((int) length), StandardCharsets.US_ASCII);
  }
}
