package io.dragonfly.lab.faults;

import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.DownloadOptions;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much the origin may send in a case: 1.01 times each version of the content; for each fault
 * what was in flight, which is one piece and {@value #BUFFERED} bytes in the buffers of the two
 * kernels for each connection that the origin had then; the same once more where the lease can pass
 * to another reader and back, when the one who reads can't be heard for a while; and where members
 * died, or could not be reached, what the origin had sent by then beyond what one of the others has
 * on its disk, for they may have been the only ones that had it verified.
 */
final class OriginBudget {
  private static final long BUFFERED = 2 << 20;

  /** The most requests of one reader at the same time. */
  private static final int READS = DownloadOptions.DEFAULTS.concurrentPieces();

  private final long size;
  private int versions = 1;
  private long more;

  OriginBudget(long size) {
    this.size = size;
  }

  /** Another version of the content is there, of the same size. */
  void addVersion() {
    versions++;
  }

  /** So many bytes more. */
  void add(long bytes) {
    more += bytes;
  }

  /** A fault happens now to what is under way. */
  void addInFlight(LabOrigin origin) {
    addReads(origin.connections());
  }

  /** Somebody begins to read, and leaves it to another one again. */
  void addReader() {
    addReads(READS);
  }

  /**
   * Who reads next believes what was said of the content before: its first requests are for that
   * version, and are closed at the first bytes of another.
   */
  void addStaleRequests() {
    more += DownloadOptions.DEFAULTS.originReads() * BUFFERED;
  }

  private void addReads(long reads) {
    more += reads * (Math.min(size, PieceLayout.automaticPieceLength(size)) + BUFFERED);
  }

  /** Somebody is lost now; {@code others} are the stores of those who live. */
  void addLost(LabOrigin origin, List<Path> others) throws IOException, InterruptedException {
    long most = 0;
    for (Path store : others) {
      most = Math.max(most, allocated(store));
    }
    more += Math.max(0, origin.bytesSent() - most);
  }

  private static long allocated(Path store) throws IOException, InterruptedException {
    if (!Files.exists(store)) {
      return 0;
    }
    String line = Tool.DU.run("--block-size=1", "--summarize", store.toString());
    return Long.parseLong(line.substring(0, line.indexOf('\t')));
  }

  long allowed() {
    return versions * size * 101 / 100 + more;
  }
}
