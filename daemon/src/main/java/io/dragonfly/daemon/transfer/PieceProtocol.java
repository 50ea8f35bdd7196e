package io.dragonfly.daemon.transfer;

import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.digest.Sha256;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TrafficType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The frames on a piece connection. All numbers are big-endian and unsigned, but for created.
 *
 * <pre>
 * frame    = id:u8 tag:u8 length:u32 value      id is the sender's choice; an answer repeats it
 * upstream's:
 *   0|2|4    request of a piece (of a task, persistent task, persistent cache task), length 68:
 *            task id:64 ASCII, piece:u32
 *   1|3|5    its answer, length 4 + metadata length:
 *            metadata length:u32 = 45 + digest length + parent length
 *            piece:u32 offset:u64 length:u64 digest length:u32 digest parent length:u32 parent
 *            traffic type:u8 (always 1) cost, s:u64 created, s since 1970:i64
 *            and behind the frame: length bytes of content
 *   254      close, length 0
 *   255      error: code:u8 message, UTF-8
 * ours, only between ends that announced it:
 *   64       request of blocks, length 17 + id length:
 *            kind:u8 version:u64 piece:u32 first block:u8 blocks:u8 flags:u8 (bit 0: send hashes)
 *            id length:u8 task id
 *   65       its answer, length 15 + 32 x hashes:
 *            piece:u32 first block:u8 blocks:u8 length:u64 hashes:u8 hash:32 x hashes
 *            and behind the frame: length bytes of content
 * </pre>
 *
 * <p>The version is the first eight bytes of the SHA-256 of the version's name. A length is checked
 * before anything is allocated for it.
 */
final class PieceProtocol {
  static final int HEADER_BYTES = 6;
  static final int PIECE_REQUEST_BYTES = 68;
  static final int BLOCKS_REQUEST_BYTES = 17;
  static final int BLOCKS_CONTENT_BYTES = 15;
  static final int TASK_ID_BYTES = 64;

  /** A request of the longest task id. */
  static final int MAX_REQUEST_BYTES = HEADER_BYTES + BLOCKS_REQUEST_BYTES + 255;

  static final int MAX_METADATA_BYTES = 4096;

  /** Of an answer, without its content. */
  static final int MAX_ANSWER_BYTES = HEADER_BYTES + 4 + MAX_METADATA_BYTES;

  static final int TAG_BLOCKS_REQUEST = 64;
  static final int TAG_BLOCKS_CONTENT = 65;
  static final int TAG_CLOSE = 254;
  static final int TAG_ERROR = 255;

  static final int CODE_UNKNOWN = 0;
  static final int CODE_INVALID_ARGUMENT = 1;
  static final int CODE_NOT_FOUND = 2;
  static final int CODE_INTERNAL = 3;

  private static final int METADATA_BYTES = 45;
  private static final int MAX_MESSAGE_BYTES = 1024;
  private static final int FLAG_HASHES = 1;

  private PieceProtocol() {}

  /** What a child asks. */
  sealed interface Request {
    record Piece(int id, TaskKey task, int number) implements Request {}

    record Blocks(
        int id, TaskKey task, long version, int number, int first, int count, boolean hashes)
        implements Request {}

    record Close() implements Request {}

    /** Nothing that can be served; the connection ends after the error. */
    record Malformed(int id, String message) implements Request {}
  }

  /** What a parent says, before the content. */
  sealed interface Answer {
    record Piece(int number, long offset, long length, Optional<Digest> crc32, String parentId)
        implements Answer {}

    record Blocks(int number, int first, int count, long length, Optional<BlockHashes> hashes)
        implements Answer {}

    record Failure(int code, String message) implements Answer {}
  }

  /** An answer that breaks the rules. */
  static final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
      super(message);
    }
  }

  static boolean fitsUpstream(TaskId id) {
    return id.value().length() == TASK_ID_BYTES;
  }

  static long versionNumber(String version) {
    return ByteBuffer.wrap(Sha256.of(version.getBytes(StandardCharsets.UTF_8))).getLong();
  }

  // Requests.

  static ByteBuffer encode(Request.Piece request) {
    ByteBuffer out = frame(request.id(), 2 * request.task().kind().code(), PIECE_REQUEST_BYTES);
    out.put(request.task().id().value().getBytes(StandardCharsets.US_ASCII));
    return out.putInt(request.number()).flip();
  }

  static ByteBuffer encode(Request.Blocks request) {
    byte[] id = request.task().id().value().getBytes(StandardCharsets.US_ASCII);
    int length = BLOCKS_REQUEST_BYTES + id.length;
    ByteBuffer out = frame(request.id(), TAG_BLOCKS_REQUEST, length);
    out.put((byte) request.task().kind().code()).putLong(request.version());
    out.putInt(request.number()).put((byte) request.first()).put((byte) request.count());
    out.put((byte) (request.hashes() ? FLAG_HASHES : 0));
    return out.put((byte) id.length).put(id).flip();
  }

  /**
   * Takes the next request off the buffer; empty when it isn't whole yet.
   *
   * @param in what was received, ready to be read; a whole request always fits the buffer that
   *     {@link #MAX_REQUEST_BYTES} sizes
   */
  static Optional<Request> decodeRequest(ByteBuffer in) {
    if (in.remaining() < HEADER_BYTES) {
      return Optional.empty();
    }
    int start = in.position();
    int id = in.get(start) & 0xFF;
    int tag = in.get(start + 1) & 0xFF;
    long length = in.getInt(start + 2) & 0xFFFF_FFFFL;
    Optional<String> wrong = wrongRequest(tag, length);
    if (wrong.isPresent()) {
      return Optional.of(new Request.Malformed(id, wrong.get()));
    }
    if (in.remaining() < HEADER_BYTES + length) {
      return Optional.empty();
    }
    ByteBuffer value = in.slice(start + HEADER_BYTES, (int) length);
    in.position(start + HEADER_BYTES + (int) length);
    return Optional.of(
        switch (tag) {
          case TAG_CLOSE -> new Request.Close();
          case TAG_BLOCKS_REQUEST -> blocksRequest(id, value);
          default -> pieceRequest(id, tag, value);
        });
  }

  private static Optional<String> wrongRequest(int tag, long length) {
    boolean right =
        switch (tag) {
          case 0, 2, 4 -> length == PIECE_REQUEST_BYTES;
          case TAG_BLOCKS_REQUEST ->
              length > BLOCKS_REQUEST_BYTES && length <= BLOCKS_REQUEST_BYTES + 255;
          case TAG_CLOSE -> length == 0;
          default -> false;
        };
    if (right) {
      return Optional.empty();
    }
    boolean known = tag == 0 || tag == 2 || tag == 4 || tag == TAG_BLOCKS_REQUEST;
    return Optional.of(
        known || tag == TAG_CLOSE
            ? "a request with tag " + tag + " can't have " + length + " bytes"
            : "requests with tag " + tag + " are not supported");
  }

  private static Request pieceRequest(int id, int tag, ByteBuffer value) {
    Kind kind = Kind.ofCode(tag / 2).orElseThrow();
    Optional<TaskId> task = TaskId.parse(ascii(value, TASK_ID_BYTES));
    return task.isEmpty()
        ? new Request.Malformed(id, "the task id is not valid")
        : new Request.Piece(id, new TaskKey(kind, task.get()), value.getInt());
  }

  private static Request blocksRequest(int id, ByteBuffer value) {
    Optional<Kind> kind = Kind.ofCode(value.get() & 0xFF);
    long version = value.getLong();
    int number = value.getInt();
    int first = value.get() & 0xFF;
    int count = value.get() & 0xFF;
    int flags = value.get() & 0xFF;
    int idLength = value.get() & 0xFF;
    if (idLength != value.remaining()) {
      return new Request.Malformed(id, "the task id's length is not that of the rest");
    }
    Optional<TaskId> task = TaskId.parse(ascii(value, idLength));
    if (kind.isEmpty() || task.isEmpty()) {
      return new Request.Malformed(id, "the task's kind or id is not valid");
    }
    if (count < 1 || first + count > PieceLayout.MAX_BLOCKS) {
      return new Request.Malformed(id, "there are no blocks " + first + " + " + count);
    }
    TaskKey key = new TaskKey(kind.get(), task.get());
    boolean hashes = (flags & FLAG_HASHES) != 0;
    return new Request.Blocks(id, key, version, number, first, count, hashes);
  }

  // Answers.

  static ByteBuffer encodePiece(int id, Kind kind, StoredPiece piece) {
    byte[] digest = piece.crc32().toString().getBytes(StandardCharsets.UTF_8);
    byte[] parent = piece.parentId().getBytes(StandardCharsets.UTF_8);
    int metadata = METADATA_BYTES + digest.length + parent.length;
    ByteBuffer out = frame(id, 2 * kind.code() + 1, 4 + metadata);
    out.putInt(metadata).putInt(piece.number()).putLong(piece.offset()).putLong(piece.length());
    out.putInt(digest.length).put(digest).putInt(parent.length).put(parent);
    out.put((byte) TrafficType.REMOTE_PEER.code());
    return out.putLong(piece.cost().toSeconds()).putLong(piece.createdAt().getEpochSecond()).flip();
  }

  static ByteBuffer encodeBlocks(int id, Answer.Blocks answer) {
    byte[] hashes = answer.hashes().map(BlockHashes::bytes).orElse(new byte[0]);
    ByteBuffer out = frame(id, TAG_BLOCKS_CONTENT, BLOCKS_CONTENT_BYTES + hashes.length);
    out.putInt(answer.number()).put((byte) answer.first()).put((byte) answer.count());
    out.putLong(answer.length()).put((byte) (hashes.length / BlockHashes.HASH_LENGTH));
    return out.put(hashes).flip();
  }

  static ByteBuffer encodeError(int id, int code, String message) {
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, MAX_MESSAGE_BYTES);
    return frame(id, TAG_ERROR, 1 + length).put((byte) code).put(text, 0, length).flip();
  }

  /**
   * How many bytes the answer has before its content, as its frame says; checked.
   *
   * @param header at least {@link #HEADER_BYTES}, from its position
   * @param tag what the answer's tag should be
   */
  static int answerBytes(ByteBuffer header, int tag) throws ProtocolException {
    int actual = header.get(header.position() + 1) & 0xFF;
    long length = header.getInt(header.position() + 2) & 0xFFFF_FFFFL;
    if (actual != tag && actual != TAG_ERROR) {
      throw new ProtocolException("it answered with tag " + actual + ", not " + tag);
    }
    long least = actual == TAG_ERROR ? 1 : tag == TAG_BLOCKS_CONTENT ? BLOCKS_CONTENT_BYTES : 49;
    if (length < least || length > 4 + MAX_METADATA_BYTES) {
      throw new ProtocolException("its answer has " + length + " bytes of metadata");
    }
    return HEADER_BYTES + (int) length;
  }

  /** Decodes a whole answer, of {@link #answerBytes}; consumes it. */
  static Answer decodeAnswer(ByteBuffer in, int bytes) throws ProtocolException {
    int tag = in.get(in.position() + 1) & 0xFF;
    ByteBuffer value = in.slice(in.position() + HEADER_BYTES, bytes - HEADER_BYTES);
    in.position(in.position() + bytes);
    return switch (tag) {
      case TAG_ERROR -> failure(value);
      case TAG_BLOCKS_CONTENT -> blocks(value);
      default -> piece(value);
    };
  }

  private static Answer failure(ByteBuffer value) {
    int code = value.get() & 0xFF;
    byte[] text = new byte[Math.min(value.remaining(), MAX_MESSAGE_BYTES)];
    value.get(text);
    StringBuilder message = new StringBuilder(text.length);
    new String(text, StandardCharsets.UTF_8)
        .codePoints()
        .forEach(c -> message.appendCodePoint(Character.isISOControl(c) ? '?' : c));
    return new Answer.Failure(code, message.toString());
  }

  private static Answer piece(ByteBuffer value) throws ProtocolException {
    if (value.getInt() != value.remaining()) {
      throw new ProtocolException("its answer's metadata has another length than its frame");
    }
    int number = value.getInt();
    long offset = value.getLong();
    long length = value.getLong();
    String digest = text(value);
    String parent = text(value);
    if (value.remaining() != 1 + 8 + 8) {
      throw new ProtocolException("its answer's texts don't fit the metadata");
    }
    return new Answer.Piece(number, offset, length, crc32(digest), parent);
  }

  private static Answer blocks(ByteBuffer value) throws ProtocolException {
    int number = value.getInt();
    int first = value.get() & 0xFF;
    int count = value.get() & 0xFF;
    long length = value.getLong();
    int hashes = value.get() & 0xFF;
    if (hashes > PieceLayout.MAX_BLOCKS || value.remaining() != hashes * BlockHashes.HASH_LENGTH) {
      throw new ProtocolException("its answer's hashes don't fit the frame");
    }
    byte[] bytes = new byte[value.remaining()];
    value.get(bytes);
    return new Answer.Blocks(
        number,
        first,
        count,
        length,
        hashes == 0 ? Optional.empty() : Optional.of(BlockHashes.of(bytes)));
  }

  private static Optional<Digest> crc32(String text) throws ProtocolException {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      Digest digest = Digest.parse(text);
      if (digest.algorithm() == Algorithm.CRC32) {
        return Optional.of(digest);
      }
    } catch (IllegalArgumentException e) {
      throw new ProtocolException("its answer has a digest that isn't one: " + e.getMessage());
    }
    throw new ProtocolException("its answer has a digest that isn't a crc32");
  }

  private static String text(ByteBuffer value) throws ProtocolException {
    int length = value.remaining() < 4 ? -1 : value.getInt();
    if (length < 0 || length > value.remaining()) {
      throw new ProtocolException("its answer's texts don't fit the metadata");
    }
    byte[] bytes = new byte[length];
    value.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String ascii(ByteBuffer value, int length) {
    byte[] bytes = new byte[length];
    value.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static ByteBuffer frame(int id, int tag, int length) {
    return ByteBuffer.allocate(HEADER_BYTES + length).put((byte) id).put((byte) tag).putInt(length);
  }
}
