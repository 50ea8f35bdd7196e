package io.dragonfly.lab.sim;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TrafficType;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The one content of a simulation, in its versions. Its bytes are what can be said of them. */
final class SimContent {
  static final TaskId TASK = new TaskId("simulated");
  static final String URL = "http://origin.example/content";

  private static final Digest CRC32 = Digest.crc32(0);
  private static final Duration COST = Duration.ofMillis(1);

  final PieceLayout layout;
  private final List<Version> versions = new ArrayList<>();

  private record Version(ContentInfo info, List<PieceRoot> roots) {}

  SimContent(long length, long pieceLength) {
    this.layout = new PieceLayout(length, pieceLength);
  }

  /** Versions are numbered from 0. */
  ContentInfo info(int version) {
    return version(version).info;
  }

  static int number(ContentInfo info) {
    return Integer.parseInt(info.version(), 1, info.version().length(), 10);
  }

  PieceRoot root(int version, int piece) {
    return version(version).roots.get(piece);
  }

  private Version version(int number) {
    while (versions.size() <= number) {
      int next = versions.size();
      List<PieceRoot> roots = new ArrayList<>(layout.pieceCount());
      for (int piece = 0; piece < layout.pieceCount(); piece++) {
        roots.add(
            PieceRoot.of(ByteBuffer.allocate(PieceRoot.LENGTH).putInt(piece).putInt(next).array()));
      }
      versions.add(
          new Version(
              ContentInfo.of(layout.contentLength(), layout.pieceLength(), "v" + next, Map.of()),
              roots));
    }
    return versions.get(number);
  }

  /** A piece as it was stored; {@code parent} is empty for the origin. */
  StoredPiece stored(int piece, Optional<PieceRoot> root, String parent) {
    return new StoredPiece(
        piece,
        layout.offset(piece),
        layout.length(piece),
        CRC32,
        root,
        parent.isEmpty() ? TrafficType.BACK_TO_SOURCE : TrafficType.REMOTE_PEER,
        parent,
        COST,
        Instant.EPOCH);
  }
}
