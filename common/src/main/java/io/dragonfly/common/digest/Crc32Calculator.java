package io.dragonfly.common.digest;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

final class Crc32Calculator implements Digest.Calculator {
  private final CRC32 crc32 = new CRC32();

  @Override
  public void update(ByteBuffer bytes) {
    crc32.update(bytes);
  }

  @Override
  public Digest result() {
    Digest digest = Digest.crc32(crc32.getValue());
    crc32.reset();
    return digest;
  }
}
