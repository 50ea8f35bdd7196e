package io.dragonfly.common.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.dragonfly.common.file.FileProblem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * The certificate authority of one daemon, in a directory of its own:
 *
 * <pre>
 * DIR/ca.pem      private key and certificate, mode 0600
 * DIR/exported    there once somebody was given the certificate: from then on the authority is used
 * </pre>
 *
 * <p>It is made once; who makes it at the same time as another gets the other's. A key that others
 * than its owner may read is refused: whoever has it can pose as any host to those who trust it.
 */
public final class OwnAuthority {
  private static final String DIRECTORY_MODE = "rwx------";
  private static final String FILE_MODE = "rw-------";

  private final Path directory;

  /**
   * @param directory need not exist
   */
  public OwnAuthority(Path directory) {
    this.directory = directory;
  }

  /** Where key and certificate lie. */
  public Path file() {
    return directory.resolve("ca.pem");
  }

  private Path marker() {
    return directory.resolve("exported");
  }

  /** Whether it may be used. */
  public boolean isExported() {
    return Files.exists(marker());
  }

  /** From now on it may be used. */
  public void export() throws TlsException {
    try {
      if (!isExported()) {
        Files.createFile(marker(), mode(FILE_MODE));
        giveToOwner(marker());
      }
    } catch (FileAlreadyExistsException e) {
      // Somebody else exported it at the same time.
    } catch (IOException e) {
      throw new TlsException("cannot write " + marker() + ": " + FileProblem.of(e), e);
    }
  }

  /**
   * Reads it.
   *
   * @throws TlsException when there is none, it is broken, or others may read it
   */
  public CertificateAuthority read() throws TlsException {
    Path file = file();
    try {
      Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
      mode.addAll(Files.getPosixFilePermissions(file));
      mode.removeAll(PosixFilePermissions.fromString("rwx------"));
      if (!mode.isEmpty()) {
        throw new TlsException(
            "the CA key in "
                + file
                + " may be read or changed by others than its owner (mode "
                + PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
                + "), who could pose as any host to those who trust it. Remove "
                + directory
                + " and export a new one; or, if nobody else can have read it: chmod 600 "
                + file);
      }
    } catch (TlsException e) {
      throw e;
    } catch (IOException e) {
      throw new TlsException("cannot read the CA in " + file + ": " + FileProblem.of(e), e);
    }
    try {
      return CertificateAuthority.read(file, file);
    } catch (TlsException e) {
      throw new TlsException(
          e.getMessage()
              + ". To have a new one, remove "
              + directory
              + ", export it again and have clients trust that",
          e);
    }
  }

  /**
   * Reads it, or makes it if there is none.
   *
   * @param host is part of the name that users see in their list of authorities
   */
  public CertificateAuthority readOrMake(String host) throws TlsException {
    if (!Files.exists(file())) {
      try {
        make(host);
      } catch (TlsException e) {
        throw e;
      } catch (IOException e) {
        throw new TlsException(
            "cannot make a CA in "
                + directory
                + ": "
                + FileProblem.of(e)
                + ". Run this as the daemon's user, or as root",
            e);
      }
    }
    return read();
  }

  private void make(String host) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory.toAbsolutePath().getParent());
      Files.createDirectories(directory, mode(DIRECTORY_MODE));
      giveToOwner(directory);
    }
    SecureRandom random = new SecureRandom();
    String mark = HexFormat.of().toHexDigits(random.nextInt());
    String name = host.replaceAll("[^A-Za-z0-9.-]", "");
    CertificateAuthority made =
        CertificateAuthority.make(
            "Dragonfly " + name.substring(0, Math.min(name.length(), 40)) + " " + mark,
            Instant.now());
    Path temporary = directory.resolve("ca.pem." + mark);
    try {
      write(temporary, made.withKey().getBytes(US_ASCII));
      giveToOwner(temporary);
      publish(temporary);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    Set<StandardOpenOption> options =
        EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (FileChannel channel = FileChannel.open(file, options, mode(FILE_MODE))) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  /** A link appears whole or not at all, and never takes the place of another's file. */
  private void publish(Path temporary) throws IOException {
    try {
      Files.createLink(file(), temporary);
    } catch (FileAlreadyExistsException e) {
      // Theirs is read next.
    } catch (UnsupportedOperationException e) {
      Files.move(temporary, file());
    }
  }

  /** Made by root, it is still for the daemon, whose directory lies around it. */
  private void giveToOwner(Path made) throws IOException {
    Optional<Path> around = Optional.ofNullable(directory.toAbsolutePath().getParent());
    if (around.isPresent()) {
      UserPrincipal owner = Files.getOwner(around.get());
      if (!owner.equals(Files.getOwner(made))) {
        Files.setOwner(made, owner);
      }
    }
  }

  private static FileAttribute<Set<PosixFilePermission>> mode(String text) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
  }
}
