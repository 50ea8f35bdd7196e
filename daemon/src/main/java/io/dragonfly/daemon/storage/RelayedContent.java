package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;
import java.util.Optional;

/** Reads what there is of a piece that is not whole. */
final class RelayedContent implements PieceContent {
  private final SharedFile file;
  private final PieceRelay relay;
  private final long offset;
  private final Pin pin;

  RelayedContent(SharedFile file, PieceRelay relay, long offset, Pin pin) {
    this.file = file;
    this.relay = relay;
    this.offset = offset;
    this.pin = pin;
  }

  @Override
  public long length() {
    return relay.length();
  }

  @Override
  public long available(long offsetInPiece) {
    return relay.available(offsetInPiece);
  }

  @Override
  public boolean isBroken() {
    return relay.isBroken();
  }

  @Override
  public void whenAvailable(long offsetInPiece, Runnable wake) {
    relay.whenAvailable(offsetInPiece, wake);
  }

  @Override
  public Optional<BlockHashes> hashes() {
    return relay.hashes();
  }

  @Override
  public long transferTo(long offsetInPiece, long count, WritableByteChannel target)
      throws IOException {
    Objects.checkFromIndexSize(0, count, relay.available(offsetInPiece));
    return file.transferTo(offset + offsetInPiece, count, target);
  }

  @Override
  public int read(long offsetInPiece, ByteBuffer target) throws IOException {
    Objects.checkIndex(offsetInPiece, relay.length() + 1);
    long left = relay.available(offsetInPiece);
    if (left == 0) {
      return -1;
    }
    int limit = target.limit();
    try {
      target.limit(target.position() + (int) Math.min(left, target.remaining()));
      return file.readFully(target, offset + offsetInPiece);
    } finally {
      target.limit(limit);
    }
  }

  @Override
  public void close() {
    pin.close();
  }
}
