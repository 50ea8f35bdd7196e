package io.dragonfly.daemon.storage;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32;

/**
 * The format of a task's metadata file, all numbers big-endian.
 *
 * <pre>
 * journal  = magic record*                 the first record is a header
 * magic    = "DFLYTASK" version:u16        version 1
 * record   = type:u8 length:u32 body checksum:u32
 *            length is that of the body, at most 2 MiB; the checksum is the CRC32 of type, length
 *            and body
 * header   = type 1: field*                | content = type 2: field*
 * field    = tag:u8 length:u32 value       a tag that is not known is skipped
 *            1 kind:u8   2 id   3 content length:u64 (absent: unknown)   4 piece length:u64
 *            5 version   6 entity header: name length:u16 name value (any number of them)
 *            7 download message   8 with credentials:u8   9 time to live, ms:u64
 *            10 replicas:u32   11 created, ms since 1970:i64   12 guard (absent: none)
 * piece    = type 3: number:u32 session:u64 crc:u32 traffic:u8 cost, ns:u64 created, ms:i64
 *            parent id length:u16 parent id blocks:u8 (0: no hashes) hash:32 x blocks
 * partial  = type 8: number:u32 session:u64 rooted:u8 held:u64 (bit n: block n)
 *            crc:u32 x bits set in held, blocks:u8 hash:32 x blocks
 * verified = type 5: number:u32 session:u64
 * dropped  = type 6: number:u32
 * marks    = type 7: failed, ms:i64 prefetched, ms:i64     0: never
 * </pre>
 *
 * <p>Of several records for the same thing the last counts. A record of a type that is not known is
 * skipped. The first record that ends early or whose checksum differs ends the journal: it and what
 * follows is cut.
 */
final class JournalFormat {
  static final int MAGIC_BYTES = 10;
  static final int FRAME_BYTES = 5;
  static final int CHECKSUM_BYTES = 4;
  static final int MAX_BODY_BYTES = 2 << 20;

  private static final byte[] MAGIC = "DFLYTASK".getBytes(StandardCharsets.US_ASCII);
  private static final short VERSION = 1;

  private static final int HEADER = 1;
  private static final int CONTENT = 2;
  private static final int PIECE = 3;
  private static final int VERIFIED = 5;
  private static final int DROPPED = 6;
  private static final int MARKS = 7;
  private static final int PARTIAL = 8;

  private JournalFormat() {}

  static ByteBuffer magic() {
    return ByteBuffer.allocate(MAGIC_BYTES).put(MAGIC).putShort(VERSION).flip();
  }

  static void checkMagic(ByteBuffer start) throws IOException {
    if (!start.equals(magic())) {
      throw new IOException("not a task journal of version " + VERSION);
    }
  }

  /** The whole record: frame, body, checksum. */
  static ByteBuffer encode(JournalRecord record) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    int type;
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      type = writeBody(record, out);
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail", e);
    }
    byte[] body = bytes.toByteArray();
    if (body.length > MAX_BODY_BYTES) {
      throw new IllegalArgumentException("a journal record of " + body.length + " bytes");
    }
    ByteBuffer whole = ByteBuffer.allocate(FRAME_BYTES + body.length + CHECKSUM_BYTES);
    whole.put((byte) type).putInt(body.length).put(body);
    whole.putInt(checksum(whole.duplicate().flip())).flip();
    return whole;
  }

  static int checksum(ByteBuffer frameAndBody) {
    CRC32 crc = new CRC32();
    crc.update(frameAndBody);
    return (int) crc.getValue();
  }

  private static int writeBody(JournalRecord record, DataOutputStream out) throws IOException {
    return switch (record) {
      case JournalRecord.Header header -> {
        writeHeader(header, out);
        yield HEADER;
      }
      case JournalRecord.Content content -> {
        writeContent(content.content(), out);
        yield CONTENT;
      }
      case JournalRecord.Piece piece -> {
        writePiece(piece, out);
        yield PIECE;
      }
      case JournalRecord.Partial partial -> {
        out.writeInt(partial.number());
        out.writeLong(partial.session());
        out.writeBoolean(partial.rooted());
        out.writeLong(partial.blocks().bits());
        for (int crc : partial.crcs()) {
          out.writeInt(crc);
        }
        writeHashes(Optional.of(partial.hashes()), out);
        yield PARTIAL;
      }
      case JournalRecord.Verified verified -> {
        out.writeInt(verified.number());
        out.writeLong(verified.session());
        yield VERIFIED;
      }
      case JournalRecord.Dropped dropped -> {
        out.writeInt(dropped.number());
        yield DROPPED;
      }
      case JournalRecord.Marks marks -> {
        out.writeLong(marks.failedAt().map(Instant::toEpochMilli).orElse(0L));
        out.writeLong(marks.prefetchedAt().map(Instant::toEpochMilli).orElse(0L));
        yield MARKS;
      }
    };
  }

  private static void writeHeader(JournalRecord.Header header, DataOutputStream out)
      throws IOException {
    TaskOrigin origin = header.origin();
    writeField(out, 1, new byte[] {(byte) header.key().kind().code()});
    writeField(out, 2, utf8(header.key().id().value()));
    writeContent(header.content(), out);
    writeField(out, 7, origin.download());
    if (origin.timeToLive().isPresent()) {
      writeField(out, 9, u64(origin.timeToLive().get().toMillis()));
    }
    writeField(out, 10, ByteBuffer.allocate(4).putInt(origin.replicas()).array());
    writeField(out, 11, u64(header.createdAt().toEpochMilli()));
  }

  private static void writeContent(ContentInfo content, DataOutputStream out) throws IOException {
    if (content.length().isPresent()) {
      writeField(out, 3, u64(content.length().getAsLong()));
    }
    writeField(out, 4, u64(content.pieceLength()));
    writeField(out, 5, utf8(content.version()));
    if (content.isGuarded()) {
      writeField(out, 12, utf8(content.guard()));
    }
    for (Map.Entry<String, String> header : content.headers().entrySet()) {
      byte[] name = utf8(header.getKey());
      byte[] value = utf8(header.getValue());
      ByteBuffer both = ByteBuffer.allocate(2 + name.length + value.length);
      writeField(out, 6, both.putShort((short) name.length).put(name).put(value).array());
    }
  }

  private static void writePiece(JournalRecord.Piece piece, DataOutputStream out)
      throws IOException {
    out.writeInt(piece.number());
    out.writeLong(piece.session());
    out.writeInt(piece.crc());
    out.writeByte(piece.trafficType().code());
    out.writeLong(piece.cost().toNanos());
    out.writeLong(piece.createdAt().toEpochMilli());
    byte[] parent = utf8(piece.parentId());
    out.writeShort(parent.length);
    out.write(parent);
    writeHashes(piece.hashes(), out);
  }

  private static void writeHashes(Optional<BlockHashes> hashes, DataOutputStream out)
      throws IOException {
    out.writeByte(hashes.map(BlockHashes::count).orElse(0));
    if (hashes.isPresent()) {
      out.write(hashes.get().bytes());
    }
  }

  private static void writeField(DataOutputStream out, int tag, byte[] value) throws IOException {
    out.writeByte(tag);
    out.writeInt(value.length);
    out.write(value);
  }

  /**
   * @return empty when the type isn't known
   * @throws IOException when the body isn't what its type says
   */
  static Optional<JournalRecord> decode(int type, byte[] body) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(body));
    try {
      return switch (type) {
        case HEADER -> Optional.of(readHeader(in));
        case CONTENT -> Optional.of(new JournalRecord.Content(new Fields(in).content()));
        case PIECE -> Optional.of(readPiece(in));
        case PARTIAL -> Optional.of(readPartial(in));
        case VERIFIED -> Optional.of(new JournalRecord.Verified(in.readInt(), in.readLong()));
        case DROPPED -> Optional.of(new JournalRecord.Dropped(in.readInt()));
        case MARKS ->
            Optional.of(new JournalRecord.Marks(mark(in.readLong()), mark(in.readLong())));
        default -> Optional.empty();
      };
    } catch (IllegalArgumentException e) {
      throw new IOException("journal record of type " + type + " is not valid", e);
    }
  }

  private static JournalRecord.Header readHeader(DataInputStream in) throws IOException {
    Fields fields = new Fields(in);
    Kind kind =
        Kind.ofCode(fields.kind).orElseThrow(() -> new IOException("unknown kind " + fields.kind));
    if (fields.withCredentials && fields.guard.isEmpty()) {
      throw new IOException("it was read with credentials, and not said where they count");
    }
    return new JournalRecord.Header(
        new TaskKey(kind, new TaskId(fields.id)),
        fields.content(),
        new TaskOrigin(fields.download, fields.timeToLive, fields.replicas),
        Instant.ofEpochMilli(fields.createdMillis));
  }

  private static JournalRecord.Piece readPiece(DataInputStream in) throws IOException {
    int number = in.readInt();
    long session = in.readLong();
    int crc = in.readInt();
    int code = in.readUnsignedByte();
    TrafficType traffic =
        TrafficType.ofCode(code).orElseThrow(() -> new IOException("unknown traffic type " + code));
    Duration cost = Duration.ofNanos(in.readLong());
    Instant created = Instant.ofEpochMilli(in.readLong());
    byte[] parent = exactly(in, in.readUnsignedShort());
    return new JournalRecord.Piece(
        number,
        session,
        crc,
        traffic,
        new String(parent, StandardCharsets.UTF_8),
        cost,
        created,
        readHashes(in));
  }

  private static JournalRecord.Partial readPartial(DataInputStream in) throws IOException {
    int number = in.readInt();
    long session = in.readLong();
    boolean rooted = in.readBoolean();
    BlockSet blocks = new BlockSet(in.readLong());
    List<Integer> crcs = new ArrayList<>();
    for (int i = 0; i < blocks.count(); i++) {
      crcs.add(in.readInt());
    }
    BlockHashes hashes =
        readHashes(in).orElseThrow(() -> new IOException("a partial piece without hashes"));
    if (blocks.end() > hashes.count()) {
      throw new IOException(blocks + " of a piece of " + hashes.count());
    }
    return new JournalRecord.Partial(number, session, blocks, crcs, hashes, rooted);
  }

  private static Optional<BlockHashes> readHashes(DataInputStream in) throws IOException {
    int blocks = in.readUnsignedByte();
    return blocks == 0
        ? Optional.empty()
        : Optional.of(BlockHashes.of(exactly(in, blocks * BlockHashes.HASH_LENGTH)));
  }

  private static Optional<Instant> mark(long millis) {
    return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  /** The count is checked against what is left of the record before anything is allocated. */
  private static byte[] exactly(DataInputStream in, int count) throws IOException {
    if (count < 0 || count > in.available()) {
      throw new IOException("a journal record ends early");
    }
    return in.readNBytes(count);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] u64(long value) {
    return ByteBuffer.allocate(8).putLong(value).array();
  }

  /** The tagged fields of a header or a content record. */
  private static final class Fields {
    private int kind = -1;
    private String id = "";
    private OptionalLong length = OptionalLong.empty();
    private long pieceLength;
    private String version = "";
    private String guard = "";
    private final Map<String, String> headers = new LinkedHashMap<>();
    private byte[] download = new byte[0];
    private boolean withCredentials;
    private Optional<Duration> timeToLive = Optional.empty();
    private int replicas;
    private long createdMillis;

    Fields(DataInputStream in) throws IOException {
      while (in.available() > 0) {
        int tag = in.readUnsignedByte();
        byte[] value = exactly(in, in.readInt());
        set(tag, value);
      }
    }

    ContentInfo content() {
      return new ContentInfo(length, pieceLength, version, headers, guard);
    }

    private void set(int tag, byte[] value) throws IOException {
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(value));
      switch (tag) {
        case 1 -> kind = in.readUnsignedByte();
        case 2 -> id = new String(value, StandardCharsets.UTF_8);
        case 3 -> length = OptionalLong.of(in.readLong());
        case 4 -> pieceLength = in.readLong();
        case 5 -> version = new String(value, StandardCharsets.UTF_8);
        case 6 -> {
          byte[] name = exactly(in, in.readUnsignedShort());
          headers.put(
              new String(name, StandardCharsets.UTF_8),
              new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
        case 7 -> download = value;
        case 8 -> withCredentials = in.readBoolean(); // As it was written before there were guards.
        case 9 -> timeToLive = Optional.of(Duration.ofMillis(in.readLong()));
        case 10 -> replicas = in.readInt();
        case 11 -> createdMillis = in.readLong();
        case 12 -> guard = new String(value, StandardCharsets.UTF_8);
        default -> {
          // Written by a later version of this program.
        }
      }
    }
  }
}
