package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
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

  /** Blocks that match the expected hashes and are written, and their CRC32. */
  private int verifiedBlocks;

  private int verifiedCrc;
  private int blocksOfPartial;

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
    if (partial == null) {
      hasher = BlockHasher.withSha256(length, blockLength);
    } else {
      expected = partial.hashes();
      verifiedBlocks = partial.blocks();
      verifiedCrc = partial.crc();
      blocksOfPartial = partial.blocks();
      hasher =
          BlockHasher.resumed(length, blockLength, verifiedBlocks, verifiedCrc, partial.hashes());
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
  public int firstMissingBlock() {
    return verifiedBlocks;
  }

  @Override
  public long position() {
    return hasher.position();
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
    if (blocksOfPartial > 0) { // Its bytes are about to be overwritten.
      task.drop(number);
      blocksOfPartial = 0;
    }
    expected = rootVerified;
    verifiedBlocks = 0;
    verifiedCrc = 0;
    hasher = BlockHasher.withSha256(length, blockLength);
  }

  @Override
  public void skipBlockHashes() {
    require(State.NEW);
    if (expected == null) {
      hasher = BlockHasher.crcOnly(length);
    }
  }

  @Override
  public void share() {
    if (relay != null || expected == null) {
      return;
    }
    PieceRelay shared = new PieceRelay(number, length, Optional.of(expected), verifiedBytes());
    relay = shared;
    task.relayBegun(shared);
  }

  @Override
  public void lend() {
    if (relay == null) {
      PieceRelay lent =
          new PieceRelay(number, length, Optional.ofNullable(expected), readableBytes());
      relay = lent;
      task.lent(lent);
    }
  }

  /** What is compared with hashes counts when it was; what the origin itself gives, at once. */
  private long readableBytes() {
    return expected == null ? hasher.position() : verifiedBytes();
  }

  private long verifiedBytes() {
    return Math.min(length, verifiedBlocks * blockLength);
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    if (state != State.NEW) {
      require(State.WRITING);
    }
    if (source.remaining() > length - hasher.position()) {
      throw new IllegalArgumentException(
          source.remaining()
              + " bytes at "
              + hasher.position()
              + " of a piece of "
              + length
              + " bytes");
    }
    state = State.FAILED; // Until all of it has gone well.
    file.write(source.duplicate(), offset + hasher.position());
    while (source.hasRemaining()) {
      int count = (int) Math.min(source.remaining(), hasher.missingOfBlock());
      boolean full = hasher.update(source.slice(source.position(), count));
      if (full && expected != null) {
        verify(hasher.blocks() - 1, expected);
      }
      source.position(source.position() + count);
    }
    state = State.WRITING;
    if (relay != null) {
      relay.advance(readableBytes());
    }
  }

  private void verify(int block, BlockHashes hashes) throws CorruptPieceException {
    if (!hasher.matches(block, hashes)) {
      throw new CorruptPieceException(
          "block "
              + block
              + " of piece "
              + number
              + " of task "
              + task.key()
              + " differs from its SHA-256");
    }
    verifiedBlocks = hasher.blocks();
    verifiedCrc = hasher.crc();
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
    if (!committed && expected != null && verifiedBlocks > 0 && verifiedBlocks != blocksOfPartial) {
      task.keepPartial(number, verifiedBlocks, verifiedCrc, expected);
    } else if (!committed && blocksOfPartial > 0 && verifiedBlocks == 0) {
      task.drop(number);
    }
    if (relay != null) {
      task.relayEnded(relay);
      relay.end(committed);
    }
    task.editorClosed(number);
    pin.close();
  }

  private CorruptPieceException corrupt(String actual, String wanted) {
    verifiedBlocks = 0;
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
