package io.dragonfly.daemon.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.FinishedPiece;
import io.dragonfly.common.piece.Bitmap;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Translates pieces, roots and what is known of a content. */
final class PieceMessages {
  private PieceMessages() {}

  /** A piece as a Go scheduler accepts it: with cost and time, and with a digest it can read. */
  static Piece.Builder piece(StoredPiece stored) {
    Piece.Builder piece =
        Piece.newBuilder()
            .setNumber(stored.number())
            .setOffset(stored.offset())
            .setLength(stored.length())
            .setDigest(stored.crc32().toString())
            .setTrafficType(trafficType(stored.trafficType()))
            .setCost(ProtoTime.duration(stored.cost()))
            .setCreatedAt(ProtoTime.timestamp(stored.createdAt()));
    if (!stored.parentId().isEmpty()) {
      piece.setParentId(stored.parentId());
    }
    return piece;
  }

  static TrafficType trafficType(io.dragonfly.daemon.storage.TrafficType type) {
    return switch (type) {
      case BACK_TO_SOURCE -> TrafficType.BACK_TO_SOURCE;
      case REMOTE_PEER -> TrafficType.REMOTE_PEER;
      case LOCAL_PEER -> TrafficType.LOCAL_PEER;
    };
  }

  static TrafficType trafficType(ByteSource source) {
    return switch (source) {
      case CACHE -> TrafficType.LOCAL_PEER;
      case PEER, SEED -> TrafficType.REMOTE_PEER;
      case ORIGIN -> TrafficType.BACK_TO_SOURCE;
    };
  }

  static FinishedPiece finished(StoredPiece stored) {
    FinishedPiece.Builder piece =
        FinishedPiece.newBuilder()
            .setNumber(stored.number())
            .setLength(stored.length())
            .setDigest(stored.crc32().toString())
            .setTrafficType(trafficType(stored.trafficType()))
            .setParentId(stored.parentId())
            .setCost(ProtoTime.duration(stored.cost()));
    stored.root().ifPresent(root -> piece.setRoot(bytes(root)));
    return piece.build();
  }

  static ByteString bytes(PieceRoot root) {
    return UnsafeByteOperations.unsafeWrap(root.bytes());
  }

  static io.dragonfly.api.extension.v1.PieceRoot root(int number, PieceRoot root) {
    return io.dragonfly.api.extension.v1.PieceRoot.newBuilder()
        .setNumber(number)
        .setRoot(bytes(root))
        .build();
  }

  /**
   * @throws IllegalArgumentException if a root is not 32 bytes or a number is negative
   */
  static Map<Integer, PieceRoot> roots(List<io.dragonfly.api.extension.v1.PieceRoot> roots) {
    Map<Integer, PieceRoot> byNumber = HashMap.newHashMap(roots.size());
    for (io.dragonfly.api.extension.v1.PieceRoot root : roots) {
      if (root.getNumber() < 0) {
        throw new IllegalArgumentException("a piece number of 2^31 or more");
      }
      byNumber.put(root.getNumber(), PieceRoot.of(root.getRoot().toByteArray()));
    }
    return byNumber;
  }

  static ByteString bitmap(BitSet pieces) {
    return UnsafeByteOperations.unsafeWrap(Bitmap.encode(pieces));
  }

  static Content content(ContentInfo info) {
    Content.Builder content =
        Content.newBuilder()
            .setPieceLength(info.pieceLength())
            .setVersion(info.version())
            .putAllHeaders(info.headers())
            .setGuard(info.guard());
    info.length().ifPresent(content::setLength);
    return content.build();
  }

  /**
   * @throws IllegalArgumentException if the lengths can't be
   */
  static ContentInfo content(Content content) {
    return new ContentInfo(
        content.hasLength() ? OptionalLong.of(content.getLength()) : OptionalLong.empty(),
        content.getPieceLength(),
        content.getVersion(),
        content.getHeadersMap(),
        content.getGuard());
  }
}
