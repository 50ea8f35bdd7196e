package io.dragonfly.daemon.output;

import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.daemon.output.OutputException.Code;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoredTask;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A file that appears under its name only when it is whole. What is written goes to a file without
 * a name ({@link NamelessFile}) or, where there are none, to a temporary name in the same
 * directory, which only a kill of this process leaves behind; {@link #commit} gives it its name in
 * one step; closing without a commit removes it and leaves what was there before as it was. One
 * thread at a time.
 */
public final class OutputFile implements AutoCloseable {
  /** Bytes; a multiple of every file system's block. */
  private static final int TRIAL = 64 << 10;

  private final OutputTarget target;
  // Where the name points: a symbolic link is kept and its target replaced.
  private final Path path;
  private final Path temporary;
  private @Nullable NamelessFile nameless;
  private @Nullable FileChannel channel;
  private boolean shares = true;
  private boolean committed;

  private OutputFile(OutputTarget target, Path path) {
    this.target = target;
    this.path = path;
    this.temporary = path.resolveSibling(".dragonfly-" + UUID.randomUUID() + ".part");
  }

  /**
   * Checks that the caller may have this file, and opens it.
   *
   * @throws OutputException before anything has moved
   */
  public static OutputFile create(OutputTarget target, OutputRights rights, Caller caller)
      throws OutputException {
    rights.require(caller, target);
    return create(target);
  }

  /**
   * As {@link #create(OutputTarget, OutputRights, Caller)} for a caller with this daemon's rights.
   */
  public static OutputFile create(OutputTarget target) throws OutputException {
    return create(target, NamelessFile::create);
  }

  /** {@code maker} makes the nameless file for a name, or has none to give. */
  static OutputFile create(OutputTarget target, Function<Path, Optional<NamelessFile>> maker)
      throws OutputException {
    OutputFile file = new OutputFile(target, target.resolve());
    file.open(maker);
    return file;
  }

  private void open(Function<Path, Optional<NamelessFile>> maker) throws OutputException {
    nameless = maker.apply(path).orElse(null);
    if (nameless != null) {
      channel = nameless.channel();
      return;
    }
    try {
      channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw failure("create a file beside", e);
    }
  }

  public OutputTarget target() {
    return target;
  }

  /**
   * The file, to be written at any position.
   *
   * @throws OutputException when the target must be a hard link, or after a commit or close
   */
  FileChannel channel() throws OutputException {
    if (channel == null) {
      throw new OutputException(
          Code.INTERNAL, "The output file " + target.path() + " is not open any more");
    }
    return channel;
  }

  /**
   * Writes a part of a piece at a position: as the same blocks on the disk where the file system
   * can, else copied, inside the kernel where that can.
   */
  void write(PieceContent piece, long offsetInPiece, long count, long position)
      throws IOException, OutputException {
    FileChannel target = channel();
    Path place = nameless == null ? temporary : nameless.handle();
    if (shares
        && piece instanceof PieceView whole
        && whole.share(offsetInPiece, count, place, position)) {
      return;
    }
    // What is refused for one part, for where it lies or begins, will be for the next.
    shares = false;
    target.position(position);
    for (long done = 0; done < count; ) {
      long moved = piece.transferTo(offsetInPiece + done, count - done, target);
      if (moved <= 0) {
        throw new IOException("the file takes no more bytes");
      }
      done += moved;
    }
  }

  /** Whether all that {@link #write} got shares its blocks with the cache. */
  boolean shares() {
    return shares;
  }

  /** Forgets what has been written. */
  void restart() throws OutputException {
    try {
      channel().truncate(0);
    } catch (IOException e) {
      throw failure("write", e);
    }
  }

  /**
   * Whether a part of a content fits beside the target; one that will share its blocks with the
   * cache needs no room.
   */
  void requireSpace(StoredTask task, Optional<ByteRange> wanted) throws OutputException {
    long length = wanted.map(ByteRange::length).orElse(0L);
    if (length >= TRIAL && wanted.get().start() % TRIAL == 0 && mayShare(task)) {
      return;
    }
    try {
      long usable = Files.getFileStore(path.resolveSibling("")).getUsableSpace();
      if (usable < length) {
        throw new OutputException(
            Code.RESOURCE_EXHAUSTED,
            "The output file "
                + target.path()
                + " needs "
                + length
                + " bytes and its disk has "
                + usable
                + ": make room or choose another directory");
      }
    } catch (IOException e) {
      throw failure("look at the disk of", e);
    }
  }

  private boolean mayShare(StoredTask task) throws OutputException {
    boolean may = task.sharesWith(nameless == null ? temporary : nameless.handle(), TRIAL);
    if (may) {
      restart();
    }
    return may;
  }

  /** Makes the temporary name a link to {@code source}. */
  void link(Path source) throws OutputException {
    try {
      release();
      Files.deleteIfExists(temporary);
      Files.createLink(temporary, source);
    } catch (IOException | UnsupportedOperationException e) {
      throw new OutputException(
          Code.FAILED_PRECONDITION,
          "The output file "
              + target.path()
              + " can't be a hard link into the cache ("
              + reason(e)
              + "): put it on the disk of storage.dir, or do not force a hard link",
          e);
    }
  }

  /** Gives the file its name; what was there before is replaced in the same step. */
  void commit() throws OutputException {
    try {
      if (target.overwrite()) {
        keepModeAndOwner();
      }
      if (nameless != null) {
        linkNameless(nameless);
      } else {
        release();
        if (target.overwrite()) {
          replace();
        } else {
          moveIfAbsent();
        }
      }
      committed = true;
    } catch (FileAlreadyExistsException e) {
      throw OutputTarget.exists(path);
    } catch (IOException e) {
      throw failure("give its name to", e);
    }
  }

  private void linkNameless(NamelessFile file) throws IOException {
    try {
      file.link(path);
    } catch (FileAlreadyExistsException e) {
      if (!target.overwrite()) {
        throw e;
      }
      // A link never replaces; the temporary name is there for a moment only.
      file.link(temporary);
      replace();
    }
    release();
  }

  private void replace() throws IOException {
    Files.move(
        temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    // Two names of one file, as with a hard link that is made again, are both left by a rename.
    Files.deleteIfExists(temporary);
  }

  /** As if the bytes of what was there had been replaced and not the file. */
  private void keepModeAndOwner() throws IOException {
    if (target.forceHardLink() || !Files.exists(path)) {
      return;
    }
    Path fresh = nameless != null ? nameless.handle() : temporary;
    PosixFileAttributes before = Files.readAttributes(path, PosixFileAttributes.class);
    PosixFileAttributeView now = Files.getFileAttributeView(fresh, PosixFileAttributeView.class);
    PosixFileAttributes ours = now.readAttributes();
    if (!ours.owner().equals(before.owner()) || !ours.group().equals(before.group())) {
      try {
        now.setOwner(before.owner());
        now.setGroup(before.group());
      } catch (FileSystemException e) {
        // Only root may give files away: it is ours now, as after a move.
      }
    }
    now.setPermissions(before.permissions());
  }

  /** A rename would replace a file that came meanwhile; making a link does not. */
  private void moveIfAbsent() throws IOException {
    try {
      Files.createLink(path, temporary);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      // A file system without hard links: check, then rename.
      Files.move(temporary, path);
      return;
    }
    Files.delete(temporary);
  }

  private void release() throws IOException {
    NamelessFile unnamed = nameless;
    FileChannel open = channel;
    nameless = null;
    channel = null;
    if (unnamed != null) {
      unnamed.close();
    } else if (open != null) {
      open.close();
    }
  }

  OutputException failure(String what, IOException e) {
    Code code =
        switch (e) {
          case AccessDeniedException _ -> Code.PERMISSION_DENIED;
          case NoSuchFileException _ -> Code.NOT_FOUND;
          default ->
              String.valueOf(e.getMessage()).contains("No space left")
                  ? Code.RESOURCE_EXHAUSTED
                  : Code.INTERNAL;
        };
    String message =
        code == Code.PERMISSION_DENIED
            ? "The daemon may not write into the directory of the output file " + target.path()
            : "Can't " + what + " the output file " + target.path() + ": " + reason(e);
    return new OutputException(code, message, e);
  }

  private static String reason(Exception e) {
    if (e instanceof NoSuchFileException) {
      return "its directory is gone or takes no new files";
    }
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /** Removes the temporary file unless it has its name. */
  @Override
  public void close() throws IOException {
    try {
      release();
    } finally {
      if (!committed) {
        Files.deleteIfExists(temporary);
      }
    }
  }
}
