package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.ContentInfo;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes content whose length nobody knows yet, from its beginning to its end. Nothing is visible
 * before {@link #complete}. Owned by one thread at a time.
 */
public interface StreamEditor extends AutoCloseable {
  /** Bytes appended so far. */
  long length();

  /**
   * Appends the whole buffer.
   *
   * @throws NoSpaceException when the disk is full
   */
  void append(ByteBuffer source) throws IOException;

  /**
   * The content is whole: the task becomes one of known length, with all pieces and roots. When the
   * piece length isn't the one that was assumed, the file is read once more.
   *
   * @param content what is known now; its length must be {@link #length()}
   */
  void complete(ContentInfo content) throws IOException;

  /** Deletes the task unless completed. */
  @Override
  void close();
}
