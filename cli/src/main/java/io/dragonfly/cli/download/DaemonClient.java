package io.dragonfly.cli.download;

import io.dragonfly.cli.download.DownloadFailure.Reason;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.file.FileProblem;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A download through the daemon's unix socket, in the line protocol:
 *
 * <pre>
 * request   = "DRAGONFLY/1 DOWNLOAD" LF *( key ": " value LF ) LF
 * answer    = *( started | progress | content ) ( done | error )
 * started   = "started task= peer= host= length= piece-length=" LF
 * progress  = "progress bytes= cache= peers= seed= origin=" LF
 * content   = "content offset= length=" LF *OCTET          ; stream mode only, in order
 * done      = "done bytes= millis= cache= peers= seed= origin=" LF
 * error     = "error code= status= message=" LF            ; status is the origin's, optional
 * </pre>
 *
 * <p>Closing the connection ends the download. Blocking JDK sockets only: this class is on the path
 * that decides how long {@code dfget} takes to start.
 */
public final class DaemonClient implements AutoCloseable {
  /** The kernel's limit for the path of a unix socket. */
  public static final int LONGEST_PATH = 107;

  private static final int BUFFER = 256 << 10;
  private static final int LONGEST_LINE = 64 << 10;

  private final Path socket;
  private final SocketChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).limit(0);
  private boolean spoken;

  private DaemonClient(Path socket, SocketChannel channel) {
    this.socket = socket;
    this.channel = channel;
  }

  /** Connects; {@link Reason#ABSENT} or {@link Reason#UNREACHABLE} when nothing answers there. */
  public static DaemonClient connect(Path socket) throws DownloadFailure {
    int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > LONGEST_PATH) {
      throw DownloadFailure.of(
          "the socket's path is "
              + length
              + " bytes long and the system takes at most "
              + LONGEST_PATH
              + ": "
              + socket
              + "; use a shorter path, or a symbolic link to its directory");
    }
    try {
      return new DaemonClient(socket, SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    } catch (IOException e) {
      if (Files.notExists(socket)) {
        throw new DownloadFailure(
            Reason.ABSENT, "no daemon answers at " + socket + ": there is no such socket", e);
      }
      throw new DownloadFailure(
          Reason.UNREACHABLE, "no daemon answers at " + socket + " (" + FileProblem.of(e) + ")", e);
    }
  }

  /** The path this client is connected to. */
  public Path socket() {
    return socket;
  }

  /**
   * Runs one download to its end.
   *
   * @param stream whether the content comes over this socket and we write the file; else the daemon
   *     does
   */
  public Outcome download(DownloadSpec spec, boolean stream, ProgressListener progress)
      throws DownloadFailure {
    byte[] request = request(spec, stream);
    try {
      send(ByteBuffer.wrap(request));
      if (!stream) {
        return follow(spec, null, null, progress);
      }
      try (PartialFile file = create(spec)) {
        ContentCheck check = null;
        Optional<String> digest = spec.digest();
        if (digest.isPresent()) {
          check = new ContentCheck(Digest.parse(digest.get()));
        }
        Outcome outcome = follow(spec, file, check, progress);
        if (check != null) {
          check.finish();
        }
        commit(file, spec);
        return outcome;
      }
    } catch (FileAlreadyExistsException e) {
      throw new DownloadFailure(
          Reason.FAILED, spec.output() + " appeared meanwhile; pass --overwrite to replace it", e);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Ends the download, from any thread. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing can be done about it, and nobody waits for this socket any more.
    }
  }

  private static PartialFile create(DownloadSpec spec) throws IOException {
    try {
      return PartialFile.create(spec.output(), spec.overwrite());
    } catch (IOException e) {
      throw new LocalFileException(spec, e);
    }
  }

  private static void commit(PartialFile file, DownloadSpec spec) throws IOException {
    try {
      file.commit();
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      throw new LocalFileException(spec, e);
    }
  }

  private DownloadFailure failed(IOException e) {
    if (spoken || e instanceof LocalFileException) {
      String text =
          e instanceof LocalFileException
              ? String.valueOf(e.getMessage())
              : "the connection to the daemon at " + socket + " broke (" + FileProblem.of(e) + ")";
      return new DownloadFailure(Reason.FAILED, text, e);
    }
    return new DownloadFailure(
        Reason.OTHER_PROTOCOL,
        "the other end of " + socket + " hung up (" + FileProblem.of(e) + ")",
        e);
  }

  static byte[] request(DownloadSpec spec, boolean stream) throws DownloadFailure {
    RequestText request = new RequestText();
    request.add("url", spec.url());
    if (!stream) {
      request.add("output", spec.output().toString());
      request.flag("overwrite", spec.overwrite());
      request.flag("force-hard-link", spec.forceHardLink());
    }
    request.add("digest", spec.digest());
    request.add("tag", spec.tag());
    request.add("application", spec.application());
    request.add("priority", Integer.toString(spec.priority()));
    if (spec.pieceLength().isPresent()) {
      request.add("piece-length", Long.toString(spec.pieceLength().getAsLong()));
    }
    for (String header : spec.headers()) {
      request.add("header", header);
    }
    Optional<List<String>> filtered = spec.filteredQueryParams();
    if (filtered.isPresent()) {
      request.flag("filtered-query-params-set", true);
      for (String param : filtered.get()) {
        request.add("filtered-query-param", param);
      }
    }
    request.flag("disable-back-to-source", spec.disableBackToSource());
    request.add("timeout-millis", Long.toString(spec.timeout().toMillis()));
    request.add("content-for-calculating-task-id", spec.contentForTaskId());
    if (spec.bytesPerSecond().isPresent()) {
      request.add("limit-rate", Long.toString(spec.bytesPerSecond().getAsLong()));
    }
    return request.end();
  }

  private void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private Outcome follow(
      DownloadSpec spec,
      @Nullable PartialFile file,
      @Nullable ContentCheck check,
      ProgressListener progress)
      throws IOException, DownloadFailure {
    long length = -1;
    long received = 0;
    while (true) {
      AnswerLine line = AnswerLine.parse(readLine());
      switch (line.name()) {
        case "started" -> {
          length = line.number("length", -1);
          progress.started(length);
        }
        case "progress" -> progress.progress(line.number("bytes", 0));
        case "content" -> {
          long bytes = line.number("length", -1);
          if (file == null || bytes < 0 || line.number("offset", -1) != received) {
            throw DownloadFailure.of("the daemon at " + socket + " sent content out of order");
          }
          receive(spec, file.channel(), bytes, check);
          received += bytes;
          progress.progress(received);
        }
        case "done" -> {
          long bytes = line.number("bytes", received);
          if (file != null && (received != bytes || (length >= 0 && received != length))) {
            throw DownloadFailure.of(
                "the daemon ended after " + received + " of " + Math.max(length, bytes) + " bytes");
          }
          return new Outcome(bytes, line.shares());
        }
        case "error" -> throw error(line, spec, file != null);
        default -> {
          // A newer daemon may say more than we know.
        }
      }
    }
  }

  private static DownloadFailure error(AnswerLine line, DownloadSpec spec, boolean stream)
      throws DownloadFailure {
    String code = line.value("code");
    String message = line.value("message");
    long status = line.number("status", 0);
    Reason reason =
        switch (code == null || status > 0 ? "" : code) {
          case "PERMISSION_DENIED" ->
              stream || spec.forceHardLink() ? Reason.FAILED : Reason.OUTPUT_REFUSED;
          case "ABORTED" -> Reason.CHANGED;
          default -> Reason.FAILED;
        };
    return new DownloadFailure(
        reason,
        status > 0 ? OptionalInt.of((int) status) : OptionalInt.empty(),
        message != null && !message.isEmpty() ? message : "the daemon answered " + code,
        null);
  }

  private void receive(
      DownloadSpec spec, FileChannel file, long bytes, @Nullable ContentCheck check)
      throws IOException, DownloadFailure {
    for (long left = bytes; left > 0; ) {
      if (!buffer.hasRemaining()) {
        fill(0);
      }
      int limit = buffer.limit();
      int count = (int) Math.min(left, buffer.remaining());
      buffer.limit(buffer.position() + count);
      if (check != null) {
        check.update(buffer.duplicate());
      }
      while (buffer.hasRemaining()) {
        try {
          file.write(buffer);
        } catch (IOException e) {
          throw new LocalFileException(spec, e);
        }
      }
      buffer.limit(limit);
      left -= count;
    }
  }

  /** Reads up to the next line feed. The first line decides whether we are understood at all. */
  private String readLine() throws IOException, DownloadFailure {
    int scanned = 0;
    while (true) {
      for (int i = buffer.position() + scanned; i < buffer.limit(); i++, scanned++) {
        byte b = buffer.get(i);
        if (b == '\n') {
          byte[] line = new byte[scanned];
          buffer.get(line).get();
          spoken = true;
          return new String(line, StandardCharsets.UTF_8);
        }
        if (!spoken && (b < 0x20 || b > 0x7e)) {
          throw notOurs("answered with something else", null);
        }
      }
      if (scanned >= LONGEST_LINE) {
        throw spoken
            ? DownloadFailure.of("the daemon at " + socket + " sent a line that does not end")
            : notOurs("answered with something else", null);
      }
      fill(scanned);
    }
  }

  /** Reads more behind the unread bytes, which stay. */
  private void fill(int unread) throws IOException, DownloadFailure {
    if (unread == 0) {
      buffer.clear();
    } else {
      buffer.compact();
    }
    int read = channel.read(buffer);
    buffer.flip();
    if (read < 0) {
      throw spoken
          ? DownloadFailure.of(
              "the daemon at " + socket + " went away before the download was finished")
          : notOurs("hung up", null);
    }
  }

  private DownloadFailure notOurs(String what, @Nullable Throwable cause) {
    return new DownloadFailure(
        Reason.OTHER_PROTOCOL, "the other end of " + socket + " " + what, cause);
  }
}
