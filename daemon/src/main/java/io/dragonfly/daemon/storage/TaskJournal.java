package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A task's metadata file: records are appended, and read back by their position. Which records
 * count, the task remembers; their bodies stay on disk.
 */
final class TaskJournal {
  private static final int READ_AHEAD = 64 * 1024;

  private final SharedFile file;
  private final ReentrantLock lock = new ReentrantLock();

  /** Where the next record goes; what lies behind (a torn record) is overwritten. */
  @GuardedBy("lock")
  private long end;

  private TaskJournal(SharedFile file, long end) {
    this.file = file;
    this.end = end;
  }

  /** Told of each record at load, in order. */
  interface Visitor {
    void record(long position, JournalRecord record) throws IOException;
  }

  static TaskJournal create(SharedFile file, JournalRecord.Header header) throws IOException {
    file.create(0);
    ByteBuffer magic = JournalFormat.magic();
    ByteBuffer record = JournalFormat.encode(header);
    int length = magic.remaining() + record.remaining();
    file.write(ByteBuffer.allocate(length).put(magic).put(record).flip(), 0);
    return new TaskJournal(file, length);
  }

  /**
   * Reads all records that are whole, and cuts the rest.
   *
   * @throws IOException when the file is no journal, or the visitor refuses
   */
  static TaskJournal load(SharedFile file, Visitor visitor) throws IOException {
    Reader reader = new Reader(file);
    ByteBuffer magic = ByteBuffer.wrap(reader.next(JournalFormat.MAGIC_BYTES));
    JournalFormat.checkMagic(magic);
    long good = reader.position();
    while (reader.record()) {
      Optional<JournalRecord> record = JournalFormat.decode(reader.type(), reader.body());
      if (record.isPresent()) {
        visitor.record(good, record.get());
      }
      good = reader.position();
    }
    if (good < reader.size()) {
      file.truncate(good);
    }
    return new TaskJournal(file, good);
  }

  /** Returns where the record can be read again. */
  long append(JournalRecord record) throws IOException {
    ByteBuffer bytes = JournalFormat.encode(record);
    lock.lock();
    try {
      long position = end;
      long next = position + bytes.remaining();
      file.write(bytes, position);
      end = next;
      return position;
    } finally {
      lock.unlock();
    }
  }

  /**
   * @throws IOException also when the record is no longer what was written
   */
  JournalRecord read(long position) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(JournalFormat.FRAME_BYTES);
    if (file.readFully(frame, position) < frame.capacity()) {
      throw damaged(position);
    }
    int type = frame.get(0);
    int length = frame.getInt(1);
    if (length < 0 || length > JournalFormat.MAX_BODY_BYTES) {
      throw damaged(position);
    }
    ByteBuffer whole =
        ByteBuffer.allocate(JournalFormat.FRAME_BYTES + length + JournalFormat.CHECKSUM_BYTES);
    if (file.readFully(whole, position) < whole.capacity()) {
      throw damaged(position);
    }
    whole.flip().limit(JournalFormat.FRAME_BYTES + length);
    if (JournalFormat.checksum(whole.duplicate())
        != whole.duplicate().limit(whole.capacity()).getInt(whole.limit())) {
      throw damaged(position);
    }
    byte[] body = new byte[length];
    whole.position(JournalFormat.FRAME_BYTES).get(body);
    return JournalFormat.decode(type, body).orElseThrow(() -> damaged(position));
  }

  SharedFile file() {
    return file;
  }

  private IOException damaged(long position) {
    return new IOException("the record at " + position + " of " + file.path() + " is damaged");
  }

  /** Reads forward with a bounded buffer. */
  private static final class Reader {
    private final SharedFile file;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(READ_AHEAD).flip();
    private long position;
    private int type;
    private byte[] body = new byte[0];

    Reader(SharedFile file) throws IOException {
      this.file = file;
      this.size = file.size();
    }

    long position() {
      return position;
    }

    long size() {
      return size;
    }

    int type() {
      return type;
    }

    byte[] body() {
      return body;
    }

    /** Returns false at the end, or where the journal is torn or damaged. */
    boolean record() throws IOException {
      if (size - position < JournalFormat.FRAME_BYTES + JournalFormat.CHECKSUM_BYTES) {
        return false;
      }
      byte[] frame = next(JournalFormat.FRAME_BYTES);
      int length = ByteBuffer.wrap(frame).getInt(1);
      if (length < 0
          || length > JournalFormat.MAX_BODY_BYTES
          || length > size - position - JournalFormat.CHECKSUM_BYTES) {
        return false;
      }
      type = frame[0];
      body = next(length);
      int stored = ByteBuffer.wrap(next(JournalFormat.CHECKSUM_BYTES)).getInt();
      ByteBuffer both = ByteBuffer.allocate(frame.length + length).put(frame).put(body).flip();
      return JournalFormat.checksum(both) == stored;
    }

    /** The caller has checked the count against the size. */
    byte[] next(int count) throws IOException {
      byte[] bytes = new byte[count];
      int done = 0;
      while (done < count) {
        if (!buffer.hasRemaining()) {
          buffer.clear();
          int read = file.read(buffer, position + done);
          buffer.flip();
          if (read < 0) {
            throw new IOException(file.path() + " ends early");
          }
        }
        int part = Math.min(count - done, buffer.remaining());
        buffer.get(bytes, done, part);
        done += part;
      }
      position += count;
      return bytes;
    }
  }
}
