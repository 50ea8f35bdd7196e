package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes a piece into the task's content file, at its place. */
final class FilePieceEditor implements PieceEditor {
  private enum State {
    /** Nothing written by this editor. */
    NEW,
    WRITING,
    /** Bytes were wrong, or the disk failed: only the verified blocks count. */
    FAILED,
    COMMITTED,
    CLOSED
  }

  private final StoredTask task;
  private final SharedFile file;
  private final Pin pin;
  private final int number;
  private final long offset;
  private final long length;
  private final long blockLength;
  private final int blockCount;

  private State state = State.NEW;
  private BlockHasher hasher;
  private @Nullable BlockHashes expected;
  private @Nullable PieceRelay relay;

  /** Those of an earlier editor that stay while somebody sends the piece who proves nothing. */
  private @Nullable ProvenBlocks proven;

  /** Written blocks that match the expected hashes, or are the origin's own. */
  private BlockSet kept = BlockSet.NONE;

  /** Those of them that an earlier editor wrote, as the journal knows. */
  private BlockSet known = BlockSet.NONE;

  private boolean knownByRoot;
  private boolean fromOrigin;

  FilePieceEditor(
      StoredTask task,
      SharedFile file,
      Pin pin,
      PieceLayout layout,
      int number,
      JournalRecord.@Nullable Partial partial) {
    this.task = task;
    this.file = file;
    this.pin = pin;
    this.number = number;
    this.offset = layout.offset(number);
    this.length = layout.length(number);
    this.blockLength = layout.blockLength();
    this.blockCount = layout.blockCount(number);
    this.hasher = BlockHasher.withSha256(length, blockLength);
    if (partial != null) {
      resume(partial);
    }
  }

  private void resume(JournalRecord.Partial partial) {
    known = partial.blocks();
    kept = known;
    knownByRoot = partial.rooted();
    expected = knownByRoot ? partial.hashes() : null;
    int next = 0;
    for (int block = 0; block < blockCount; block++) {
      if (known.has(block)) {
        hasher.resume(block, partial.crcs().get(next++), partial.hashes().get(block));
      }
    }
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public BlockSet missingBlocks() {
    return hasher.isCrcOnly()
        ? BlockSet.between(0, hasher.finished().isEmpty() ? blockCount : 0)
        : BlockSet.between(0, blockCount).without(hasher.finished());
  }

  @Override
  public long position() {
    return hasher.position();
  }

  @Override
  public long missing() {
    return hasher.missing();
  }

  @Override
  public void moveTo(int block) {
    if (!hasher.isCrcOnly()) {
      hasher.moveTo(block);
    } else if (block > 0) {
      throw new IllegalStateException("block hashes were skipped: there are no blocks");
    }
  }

  @Override
  public Optional<BlockHashes> hashes() {
    return Optional.ofNullable(expected);
  }

  @Override
  public void expect(BlockHashes rootVerified) {
    require(State.NEW);
    if (rootVerified.count() != blockCount) {
      throw new IllegalArgumentException(
          rootVerified.count() + " hashes for a piece of " + blockCount + " blocks");
    }
    if (rootVerified.equals(expected)) {
      return;
    }
    BlockHasher before = hasher;
    hasher = BlockHasher.withSha256(length, blockLength);
    expected = rootVerified;
    proven = null; // The hashes prove more.
    BlockSet right = BlockSet.NONE;
    for (int block = 0; block < blockCount; block++) {
      if (kept.has(block) && before.matches(block, rootVerified)) {
        right = right.with(block);
        hasher.resume(block, before.crc(block), before.hash(block));
      }
    }
    if (!right.hasAll(known)) { // Bytes of the others are about to be overwritten.
      task.drop(number);
      known = BlockSet.NONE;
    }
    kept = right;
  }

  @Override
  public void startOver(boolean withRoot) {
    require(State.NEW);
    if (expected != null) {
      return;
    }
    proven = known.isEmpty() ? null : new ProvenBlocks(known, hasher, length, blockLength);
    kept = BlockSet.NONE;
    hasher = withRoot ? BlockHasher.withSha256(length, blockLength) : BlockHasher.crcOnly(length);
  }

  @Override
  public void share() {
    if (relay == null && expected != null) {
      PieceRelay shared = newRelay();
      relay = shared;
      task.arrivals().relayed(shared);
    }
  }

  @Override
  public void lend() {
    if (relay == null) {
      fromOrigin = expected == null;
      PieceRelay lent = newRelay();
      relay = lent;
      task.arrivals().lent(lent);
    }
  }

  private PieceRelay newRelay() {
    return new PieceRelay(number, length, blockLength, Optional.ofNullable(expected), kept);
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    if (state != State.NEW) {
      require(State.WRITING);
    }
    if (source.remaining() > hasher.missing()) {
      throw new IllegalArgumentException(
          source.remaining()
              + " bytes at "
              + hasher.position()
              + " of a piece of "
              + length
              + " bytes");
    }
    state = State.FAILED; // Until all of it has gone well.
    store(source.duplicate());
    while (source.hasRemaining()) {
      int count = (int) Math.min(source.remaining(), hasher.missingOfBlock());
      int full = hasher.update(source.slice(source.position(), count));
      if (full >= 0) {
        finished(full);
      }
      source.position(source.position() + count);
    }
    state = State.WRITING;
    if (relay != null) {
      // What is compared with hashes counts when it was; what the origin itself gives, at once.
      relay.advance(kept, hasher.blockStart(), fromOrigin ? position() : hasher.blockStart());
    }
  }

  private void store(ByteBuffer bytes) throws IOException {
    if (proven == null) {
      file.write(bytes, offset + hasher.position());
      return;
    }
    int differs = proven.take(bytes, hasher.position(), (run, at) -> file.write(run, offset + at));
    if (differs >= 0) {
      throw new CorruptPieceException(
          blockName(differs) + " differs from the block that was proven before");
    }
  }

  private void finished(int block) throws CorruptPieceException {
    if (expected != null) {
      verify(block, expected);
    }
    if (expected != null || fromOrigin) {
      kept = kept.with(block);
    }
  }

  private void verify(int block, BlockHashes hashes) throws CorruptPieceException {
    if (!hasher.matches(block, hashes)) {
      throw new CorruptPieceException(blockName(block) + " differs from its SHA-256");
    }
  }

  private String blockName(int block) {
    return "block " + block + " of piece " + number + " of task " + task.key();
  }

  @Override
  public StoredPiece commit(
      Optional<PieceRoot> expectedRoot,
      Optional<Digest> expectedCrc32,
      TrafficType trafficType,
      String parentId,
      Duration cost)
      throws IOException {
    if (state != State.NEW) { // A new editor may find all blocks verified.
      require(State.WRITING);
    }
    if (hasher.position() < length) {
      throw new IllegalStateException(
          "piece " + number + " has " + hasher.position() + " of " + length + " bytes");
    }
    Optional<BlockHashes> hashes = hasher.hashes();
    if (expectedRoot.isPresent() && hashes.isEmpty()) {
      throw new IllegalStateException("block hashes were skipped: the root can't be verified");
    }
    state = State.FAILED;
    if (expectedRoot.isPresent()) {
      PieceRoot root = hashes.orElseThrow().root();
      if (!root.equals(expectedRoot.get())) {
        throw corrupt("root " + root, expectedRoot.get().toString());
      }
    }
    Digest crc32 = Digest.crc32(Integer.toUnsignedLong(hasher.crc()));
    if (expectedCrc32.isPresent() && !crc32.equals(expectedCrc32.get())) {
      throw corrupt("digest " + crc32, expectedCrc32.get().toString());
    }
    // Hashes of bytes that only a peer vouches for would look as if the origin had been read.
    boolean vouched = expectedRoot.isPresent() || trafficType == TrafficType.BACK_TO_SOURCE;
    StoredPiece piece =
        task.finish(
            number, hasher.crc(), vouched ? hashes : Optional.empty(), trafficType, parentId, cost);
    state = State.COMMITTED;
    return piece;
  }

  @Override
  public void close() {
    if (state == State.CLOSED) {
      return;
    }
    boolean committed = state == State.COMMITTED;
    state = State.CLOSED;
    boolean news = !kept.equals(known) || knownByRoot != (expected != null);
    if (!committed && !kept.isEmpty() && news) {
      task.keepPartial(number, kept, hasher, expected);
    } else if (!committed && !known.isEmpty() && kept.isEmpty() && proven == null) {
      task.drop(number);
    }
    if (relay != null) {
      task.arrivals().ended(relay);
      relay.end(committed);
    }
    task.editorClosed(number);
    pin.close();
  }

  private CorruptPieceException corrupt(String actual, String wanted) {
    kept = BlockSet.NONE;
    proven = null; // The whole is wrong, and who knows which part of it.
    return new CorruptPieceException(
        "piece " + number + " of task " + task.key() + " has " + actual + ", not " + wanted);
  }

  private void require(State wanted) {
    if (state != wanted) {
      throw new IllegalStateException(
          "the editor of piece " + number + " is " + state + ", not " + wanted);
    }
  }
}
