package io.dragonfly.cli.download;

import io.dragonfly.common.digest.Sha256;
import io.dragonfly.daemon.source.Validators;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a broken direct download leaves for the next one: the bytes so far, and beside them the
 * validators of the version they belong to.
 *
 * <pre>
 * .NAME.part          the content from byte 0, without holes
 * .NAME.part.origin   "url-sha256: " hex LF, then the lines of {@link Validators#toText}
 * </pre>
 *
 * <p>The file is locked while a download writes it. Without a validator that tells versions apart,
 * it is removed instead of left.
 */
final class ResumableFile implements AutoCloseable {
  private static final String URL_KEY = "url-sha256: ";
  private static final int LARGEST_SIDE_FILE = 8 << 10;

  private final Path path;
  private final Path side;
  private final String urlHash;
  private final FileChannel channel;
  private final FileLock lock;
  private Validators validators = Validators.none();
  private final Thread onExit;
  private volatile boolean keep;
  private boolean published;

  private ResumableFile(Path path, Path side, String urlHash, FileChannel channel, FileLock lock) {
    this.path = path;
    this.side = side;
    this.urlHash = urlHash;
    this.channel = channel;
    this.lock = lock;
    this.onExit = new Thread(this::removeUnlessKept, "dfget-cleanup");
    Runtime.getRuntime().addShutdownHook(onExit);
  }

  /** Opens what is left of an earlier download, or a new file; empty when another dfget has it. */
  static Optional<ResumableFile> open(Path output, String url) throws IOException {
    Path path = PartialFile.sibling(output, ".part");
    FileChannel channel = openChannel(path);
    @Nullable FileLock lock = null;
    try {
      FileLock taken = channel.tryLock();
      if (taken != null) {
        // Only now: whoever had it before us may have just given it its name.
        requireOwn(path);
        lock = taken;
      }
    } catch (OverlappingFileLockException e) {
      // Another download of this very process has it.
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    if (lock == null) {
      return Optional.empty();
    }
    Path side = path.resolveSibling(path.getFileName() + ".origin");
    var file = new ResumableFile(path, side, Sha256.hex(url), channel, lock);
    file.load();
    return Optional.of(file);
  }

  /** The name can be guessed, so a link that somebody put there is not followed. */
  private static FileChannel openChannel(Path path) throws IOException {
    try {
      return FileChannel.open(
          path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      return FileChannel.open(
          path, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    }
  }

  /** Bytes that somebody else wrote, or may still write, are not gone on with. */
  private static void requireOwn(Path path) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        || !Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS).equals(1)
        || !isOwn(path)) {
      throw new IOException(
          path + " is in the way: it is not a plain file of this user's alone; remove it");
    }
  }

  private static boolean isOwn(Path path) throws IOException {
    Path self = Path.of("/proc/self");
    return !Files.exists(self)
        || Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(self));
  }

  private void load() throws IOException {
    if (Files.isRegularFile(side, LinkOption.NOFOLLOW_LINKS)
        && Files.size(side) <= LARGEST_SIDE_FILE) {
      // Whatever it is, if it was damaged: it then says nothing of this URL, or of no version.
      String text = new String(Files.readAllBytes(side), StandardCharsets.UTF_8);
      if (text.startsWith(URL_KEY + urlHash + "\n")) {
        validators = Validators.parse(text);
      }
    }
    if (!isResumable()) {
      restart();
    } else {
      keep = true;
    }
  }

  /** Whether the bytes can be told from those of another version. */
  boolean isResumable() {
    return validators.strongEtag().isPresent()
        || (validators.lastModified().isPresent() && validators.length().isPresent());
  }

  /** The version the bytes belong to. */
  Validators validators() {
    return validators;
  }

  FileChannel channel() {
    return channel;
  }

  /**
   * Where to go on. A file that is already whole goes back one byte, so that there is something to
   * ask the origin about its version with.
   */
  long position() throws IOException {
    long size = channel.size();
    OptionalLong length = validators.length();
    return length.isPresent() ? Math.max(0, Math.min(size, length.getAsLong() - 1)) : size;
  }

  /** Forgets all bytes. */
  void restart() throws IOException {
    keep = false;
    validators = Validators.none();
    Files.deleteIfExists(side);
    channel.truncate(0);
  }

  /** Notes the version of the bytes that follow; call before the first one is written. */
  void begin(Validators version) throws IOException {
    validators = version;
    if (isResumable()) {
      Files.deleteIfExists(side);
      Files.writeString(
          side,
          URL_KEY + urlHash + "\n" + version.toText(),
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE_NEW,
          StandardOpenOption.WRITE);
      keep = true;
    }
  }

  /** Gives the file its name. */
  void publish(Path output, boolean overwrite) throws IOException {
    PartialFile.publish(path, output, overwrite);
    published = true;
    Files.deleteIfExists(side);
  }

  /** The bytes are of no use: they go when this is closed. */
  void discard() {
    keep = false;
  }

  /** Whether something stays for the next attempt. */
  boolean isKept() throws IOException {
    return keep && channel.isOpen() && channel.size() > 0;
  }

  @Override
  public void close() throws IOException {
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      return; // the process ends and the hook does the work
    }
    try {
      if (!published && !isKept()) {
        delete();
      }
    } finally {
      lock.close();
      channel.close();
    }
  }

  private void removeUnlessKept() {
    try {
      if (!keep) {
        delete();
      }
    } catch (IOException e) {
      System.err.println("dfget: cannot remove " + path + ": " + e.getMessage());
    }
  }

  private void delete() throws IOException {
    Files.deleteIfExists(path);
    Files.deleteIfExists(side);
  }
}
