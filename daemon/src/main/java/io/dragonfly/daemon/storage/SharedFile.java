package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.file.Reflink;
import io.dragonfly.common.file.SystemCalls;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One file that many threads read and write by position; open only while somebody uses it or {@link
 * OpenFiles} keeps it.
 *
 * <p>An interrupted thread closes the channel under everybody's hands (that is how {@link
 * FileChannel} is made): the others open it again and repeat, which is safe because positional
 * operations advance their buffer only when they succeed.
 */
final class SharedFile {
  private static final int ATTEMPTS = 8;

  private final OpenFiles cache;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private Path path;

  @GuardedBy("lock")
  private @Nullable FileChannel channel;

  @GuardedBy("lock")
  private int users;

  @GuardedBy("lock")
  private boolean deleted;

  SharedFile(OpenFiles cache, Path path) {
    this.cache = cache;
    this.path = path;
  }

  Path path() {
    lock.lock();
    try {
      return path;
    } finally {
      lock.unlock();
    }
  }

  /** Returns as {@link FileChannel#read(ByteBuffer, long)}. */
  int read(ByteBuffer target, long position) throws IOException {
    return Math.toIntExact(use(channel -> channel.read(target, position), null));
  }

  /** Reads until the buffer is full or the file ends. */
  int readFully(ByteBuffer target, long position) throws IOException {
    int total = 0;
    while (target.hasRemaining()) {
      int count = read(target, position + total);
      if (count < 0) {
        break;
      }
      total += count;
    }
    return total;
  }

  /** Writes the whole buffer. */
  void write(ByteBuffer source, long position) throws IOException {
    long start = position - source.position();
    try {
      while (source.hasRemaining()) {
        use(channel -> channel.write(source, start + source.position()), null);
      }
    } catch (ClosedChannelException e) {
      throw e; // The store or the thread ends; the disk has no part in it.
    } catch (IOException e) {
      throw isFull(e)
          ? noSpace(source.remaining())
          : new IOException("cannot write " + path() + ": " + e.getMessage(), e);
    }
  }

  long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    return use(channel -> channel.transferTo(position, count, target), target);
  }

  long size() throws IOException {
    return use(FileChannel::size, null);
  }

  void truncate(long size) throws IOException {
    use(channel -> channel.truncate(size).size(), null);
  }

  /** Waits until everything written is on the disk. */
  void force() throws IOException {
    use(
        channel -> {
          channel.force(/* metaData= */ false);
          return 0;
        },
        null);
  }

  /**
   * A descriptor of its own that may read, for what Java's channels cannot do; the caller closes
   * it. Negative when there is none, also when the file was deleted.
   */
  private int openAnew() {
    lock.lock(); // Meanwhile the name stays that of this file.
    try {
      return deleted || !SystemCalls.isPlain(path)
          ? -1
          : SystemCalls.open(
              path, SystemCalls.READ_ONLY | SystemCalls.CLOSE_ON_EXEC, /* mode= */ 0);
    } finally {
      lock.unlock();
    }
  }

  /** See {@link Reflink#tryShare}. */
  boolean share(long offset, long length, Path target, long at) {
    int descriptor = openAnew();
    if (descriptor < 0) {
      return false;
    }
    try {
      return Reflink.tryShare(descriptor, offset, length, target, at);
    } finally {
      SystemCalls.close(descriptor);
    }
  }

  /** Gives the file another name; its users go on. */
  void rename(Path target) throws IOException {
    lock.lock();
    try {
      if (!deleted) {
        Files.move(path, target);
        path = target;
      }
    } finally {
      lock.unlock();
    }
  }

  void delete() throws IOException {
    lock.lock();
    try {
      if (!deleted) {
        deleted = true;
        Files.deleteIfExists(path);
        closeLocked();
      }
    } finally {
      lock.unlock();
    }
  }

  void closeNow() throws IOException {
    lock.lock();
    try {
      closeLocked();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes the file, in place of what was there: a hole of this length. It stays open as after any
   * use.
   */
  void create(long length) throws IOException {
    lock.lock();
    try {
      if (cache.isClosed()) {
        throw new IOException("the piece store is closed");
      }
      RandomAccessFile made = new RandomAccessFile(path.toFile(), "rw");
      channel = made.getChannel();
      users++;
      cache.inUse(this);
      if (made.length() > 0) {
        made.setLength(0);
      }
      if (length > 0) {
        made.setLength(length);
      }
    } finally {
      lock.unlock();
    }
    release();
  }

  private interface Operation {
    long apply(FileChannel channel) throws IOException;
  }

  /** The target is what else the operation may fail on, if it can be closed. */
  private long use(Operation operation, @Nullable WritableByteChannel target) throws IOException {
    for (int attempt = 1; ; attempt++) {
      FileChannel open = acquire();
      try {
        return operation.apply(open);
      } catch (ClosedByInterruptException e) {
        throw e;
      } catch (ClosedChannelException e) {
        boolean ours = target == null || target.isOpen();
        if (!ours || cache.isClosed() || attempt == ATTEMPTS) {
          throw e;
        }
      } finally {
        release();
      }
    }
  }

  private FileChannel acquire() throws IOException {
    lock.lock();
    try {
      FileChannel open = channel;
      if (open == null || !open.isOpen()) {
        if (cache.isClosed()) {
          throw new IOException("the piece store is closed");
        }
        open = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        channel = open;
      }
      users++;
      if (users == 1) {
        cache.inUse(this);
      }
      return open;
    } finally {
      lock.unlock();
    }
  }

  private void release() throws IOException {
    SharedFile evicted = null;
    lock.lock();
    try {
      users--;
      if (users == 0) {
        if (deleted || cache.isClosed()) {
          closeLocked();
        } else {
          evicted = cache.unused(this);
        }
      }
    } finally {
      lock.unlock();
    }
    if (evicted != null) {
      evicted.closeIfUnused();
    }
  }

  private void closeIfUnused() throws IOException {
    lock.lock();
    try {
      if (users == 0) {
        closeLocked();
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void closeLocked() throws IOException {
    cache.forget(this);
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      open.close();
    }
  }

  @CheckReturnValue
  private NoSpaceException noSpace(long needed) {
    Path file = path();
    long free = 0;
    try {
      free = Files.getFileStore(file).getUsableSpace();
    } catch (IOException e) {
      // The exception to be thrown says more than this one.
    }
    return new NoSpaceException("no space left while writing " + file, needed, free);
  }

  /** The JDK has no type of its own for a full disk; these are the texts of ENOSPC and EDQUOT. */
  private static boolean isFull(IOException e) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("no space left") || message.contains("quota exceeded");
  }
}
