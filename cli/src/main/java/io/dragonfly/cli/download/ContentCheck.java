package io.dragonfly.cli.download;

import io.dragonfly.common.digest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Compares a file, or content as it passes by, with the digest the user gave. */
public final class ContentCheck {
  private static final int BUFFER = 1 << 20;

  private final Digest expected;
  private final Digest.Calculator calculator;

  public ContentCheck(Digest expected) {
    this.expected = expected;
    this.calculator = expected.newCalculator();
  }

  /** Takes the next bytes; the buffer is consumed. */
  public void update(ByteBuffer bytes) {
    calculator.update(bytes);
  }

  /** Ends the check. */
  public void finish() throws DownloadFailure {
    Digest actual = calculator.result();
    if (!actual.equals(expected)) {
      throw DownloadFailure.of(
          "the content is not what --digest says: expected "
              + expected
              + ", got "
              + actual
              + "; nothing was written");
    }
  }

  /** Reads a whole file from its start and compares it. */
  public static void verify(FileChannel file, Digest expected) throws IOException, DownloadFailure {
    ContentCheck check = new ContentCheck(expected);
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    long position = 0;
    for (int read; (read = file.read(buffer, position)) >= 0; buffer.clear()) {
      position += read;
      check.update(buffer.flip());
    }
    check.finish();
  }
}
