package io.dragonfly.daemon.local;

import io.dragonfly.common.file.FileProblem;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * A listening unix socket under a path. The socket is bound under another name in the same
 * directory, gets its mode and group there, and only then takes its place: nobody connects before
 * the permissions hold, and what a daemon that died left behind is replaced in one step. A socket
 * that answers belongs to a running daemon and is left alone.
 */
final class SocketFile implements AutoCloseable {
  /** {@code sun_path} has 108 bytes, the last one is zero. */
  static final int LONGEST_PATH = 107;

  private static final int BACKLOG = 1024;

  private final Path path;
  private final ServerSocketChannel channel;
  private final Object fileKey;
  private final UserPrincipal owner;

  private SocketFile(Path path, ServerSocketChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    this.fileKey = fileKey(path);
    this.owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * @param mode octal digits such as {@code 0660}
   * @throws IOException if the path is too long, another daemon answers there, or it can't be made;
   *     the message says which and what to do
   */
  static SocketFile bind(Path path, String mode, Optional<String> group) throws IOException {
    requireShort(path);
    Path directory = path.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException("The socket path " + path + " names no file");
    }
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new IOException(
          "Can't create the directory of the socket " + path + ": " + FileProblem.of(e), e);
    }
    requireUnused(path);
    Path temporary = directory.resolve("." + UUID.randomUUID().toString().substring(0, 8));
    // A directory name so long that only the final name fits is bound at its final name.
    Path bound = length(temporary) <= LONGEST_PATH ? temporary : path;
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      if (bound.equals(path)) {
        Files.deleteIfExists(path);
      }
      channel.bind(UnixDomainSocketAddress.of(bound), BACKLOG);
      Files.setPosixFilePermissions(bound, permissions(mode));
      if (group.isPresent()) {
        setGroup(bound, group.get());
      }
      if (!bound.equals(path)) {
        Files.move(
            bound, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
      return new SocketFile(path, channel);
    } catch (IOException e) {
      channel.close();
      Files.deleteIfExists(bound);
      throw new IOException("Can't listen on the socket " + path + ": " + FileProblem.of(e), e);
    }
  }

  private static void requireShort(Path path) throws IOException {
    if (length(path) > LONGEST_PATH) {
      throw new IOException(
          "The socket path "
              + path
              + " has "
              + length(path)
              + " bytes, a unix socket can have "
              + LONGEST_PATH
              + ": set download.server.socketPath to a shorter one");
    }
  }

  private static int length(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length;
  }

  private static void requireUnused(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    BasicFileAttributes attributes =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isOther()) {
      throw new IOException(
          "The socket path "
              + path
              + " is taken by a file that is not a socket: remove it or set"
              + " download.server.socketPath");
    }
    boolean answers;
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      answers = true;
    } catch (IOException e) {
      // Refused: whoever bound it is gone.
      answers = false;
    }
    if (answers) {
      throw new IOException(
          "Another daemon listens on "
              + path
              + ": stop it or set download.server.socketPath to another path");
    }
  }

  private static Set<PosixFilePermission> permissions(String mode) {
    int bits = Integer.parseInt(mode, 8);
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all = PosixFilePermission.values();
    for (int i = 0; i < all.length; i++) {
      if ((bits & (0400 >> i)) != 0) {
        permissions.add(all[i]);
      }
    }
    return permissions;
  }

  private static void setGroup(Path path, String name) throws IOException {
    GroupPrincipal group;
    try {
      group = path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
    } catch (UserPrincipalNotFoundException e) {
      throw new IOException("there is no group \"" + name + "\" (download.server.socketGroup)", e);
    }
    Files.getFileAttributeView(path, PosixFileAttributeView.class).setGroup(group);
  }

  private static Object fileKey(Path path) throws IOException {
    Object key =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    return key == null ? path : key;
  }

  /** The user this daemon runs as: whoever made the socket. */
  UserPrincipal owner() {
    return owner;
  }

  String modeText() throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  SocketChannel accept() throws IOException {
    return channel.accept();
  }

  /** Stops listening and removes the name, unless another daemon has taken it since. */
  @Override
  public void close() throws IOException {
    channel.close();
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && fileKey(path).equals(fileKey)) {
      Files.deleteIfExists(path);
    }
  }
}
