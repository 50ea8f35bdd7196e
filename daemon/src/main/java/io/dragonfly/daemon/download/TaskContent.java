package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is known of the content, and which pieces this host holds.
 *
 * <p>Each version of the content has its own file and its own epoch: pieces of two versions never
 * meet. {@code UNKNOWN → OPENING → OPEN}; a new version goes back to OPENING with a new epoch.
 *
 * <p>A content is <i>rooted</i> once a root of any of its pieces is known: from then on a piece
 * without a root is not accepted from anybody.
 */
final class TaskContent {
  enum Stage {
    UNKNOWN,
    OPENING,
    OPEN
  }

  private Stage stage = Stage.UNKNOWN;
  private int epoch;
  private Optional<ContentInfo> info = Optional.empty();
  private Optional<PieceLayout> layout = Optional.empty();
  private final BitSet held = new BitSet();

  /** What is held of pieces that are not whole. */
  private final Map<Integer, BlockSet> blocks = new TreeMap<>();

  private final Map<Integer, PieceRoot> roots = new TreeMap<>();
  private final BitSet withRoot = new BitSet();

  private boolean rootsExpected;
  private boolean rootless;

  /** Pieces held that were compared with their root, not with a checksum alone. */
  private final BitSet verified = new BitSet();

  boolean isOpen() {
    return stage == Stage.OPEN;
  }

  boolean isUnknown() {
    return stage == Stage.UNKNOWN;
  }

  int epoch() {
    return epoch;
  }

  /** Empty while unknown. */
  Optional<ContentInfo> info() {
    return info;
  }

  /** Only while open, or opening, with a known length. */
  PieceLayout layout() {
    return layout.orElseThrow();
  }

  boolean hasLayout() {
    return layout.isPresent();
  }

  long length() {
    return layout().contentLength();
  }

  BitSet held() {
    return held;
  }

  boolean holds(int piece) {
    return held.get(piece);
  }

  /** Blocks that are held of a piece that is not whole; none of one that is. */
  BlockSet part(int piece) {
    return blocks.getOrDefault(piece, BlockSet.NONE);
  }

  boolean holds(int piece, BlockSet wanted) {
    return holds(piece) || part(piece).hasAll(wanted);
  }

  void holdPart(int piece, BlockSet more) {
    if (!holds(piece)) {
      blocks.merge(piece, more, BlockSet::or);
    }
  }

  boolean isRooted() {
    return !roots.isEmpty();
  }

  Optional<PieceRoot> root(int piece) {
    return Optional.ofNullable(roots.get(piece));
  }

  /** Roots of the pieces held that match them. */
  Map<Integer, PieceRoot> heldRoots() {
    Map<Integer, PieceRoot> known = new TreeMap<>(roots);
    known.keySet().removeIf(piece -> !verified.get(piece));
    return known;
  }

  /** The scheduler hands out roots: peers of ours are not asked before they are known. */
  void expectRoots(boolean expected) {
    rootsExpected = expected;
  }

  /** Nobody knows roots of this content, it seems: an upstream program read the origin. */
  void expectNoRoots() {
    rootless = true;
  }

  /**
   * Leaves the pieces that a parent may be asked for: not before the root to match is known. A
   * checksum alone says neither that the parent has the same version nor that its bytes are right;
   * it has to do where nobody knows roots, and for upstream's programs while none is known.
   */
  void keepAcceptable(BitSet pieces, boolean ofOurs) {
    if (!roots.isEmpty() || (ofOurs && rootsExpected && !rootless)) {
      pieces.and(withRoot);
    }
  }

  /** Leaves those whose root is known. */
  void keepRooted(BitSet pieces) {
    pieces.and(withRoot);
  }

  boolean isRooted(int piece) {
    return withRoot.get(piece);
  }

  /** Equal versions have equal bytes; the division into pieces has to be the same, too. */
  boolean isSameVersion(ContentInfo other) {
    return info.isPresent()
        && info.get().version().equals(other.version())
        && info.get().length().equals(other.length())
        && info.get().pieceLength() == other.pieceLength();
  }

  /** Begins with (another) content; returns the epoch to open. */
  int open(ContentInfo content) {
    stage = Stage.OPENING;
    info = Optional.of(content);
    layout = content.length().isPresent() ? Optional.of(content.layout()) : Optional.empty();
    held.clear();
    blocks.clear();
    roots.clear();
    rootless = false;
    withRoot.clear();
    verified.clear();
    return ++epoch;
  }

  /** The storage is there, perhaps with pieces from before. */
  void opened(
      ContentInfo content,
      BitSet pieces,
      Map<Integer, PieceRoot> knownRoots,
      Map<Integer, BlockSet> parts) {
    stage = Stage.OPEN;
    info = Optional.of(content);
    layout = content.length().isPresent() ? Optional.of(content.layout()) : Optional.empty();
    held.or(pieces);
    blocks.putAll(parts);
    knownRoots.forEach((piece, root) -> {
      learnRoot(piece, root);
      verified.set(piece);
    });
  }

  /** What was held is void and no version is known. */
  void forget() {
    stage = Stage.UNKNOWN;
    info = Optional.empty();
    layout = Optional.empty();
    held.clear();
    blocks.clear();
    roots.clear();
    rootless = false;
    withRoot.clear();
    verified.clear();
  }

  /** Content of unknown length is whole. */
  void stored(ContentInfo content) {
    opened(content, new BitSet(), Map.of(), Map.of());
  }

  /** Returns false when the piece contradicts a known root: the bytes are of another version. */
  boolean hold(int piece, Optional<PieceRoot> root) {
    if (root.isPresent()) {
      PieceRoot known = roots.get(piece);
      if (known != null && !known.equals(root.get())) {
        return false;
      }
      learnRoot(piece, root.get());
      verified.set(piece);
    }
    held.set(piece);
    blocks.remove(piece);
    return true;
  }

  /** Returns false when a root contradicts what is known of a piece that is held. */
  boolean learnRoots(Map<Integer, PieceRoot> learned) {
    int pieces = layout().pieceCount();
    boolean consistent = true;
    for (Map.Entry<Integer, PieceRoot> entry : learned.entrySet()) {
      int piece = entry.getKey();
      if (piece < 0 || piece >= pieces) {
        continue;
      }
      PieceRoot known = roots.get(piece);
      learnRoot(piece, entry.getValue());
      if (known != null && !known.equals(entry.getValue()) && verified.get(piece)) {
        consistent = false;
      }
    }
    return consistent;
  }

  private void learnRoot(int piece, PieceRoot root) {
    roots.put(piece, root);
    withRoot.set(piece);
  }
}
