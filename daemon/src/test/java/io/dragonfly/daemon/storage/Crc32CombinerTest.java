package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

final class Crc32CombinerTest {
  @Test
  void theChecksumsOfTwoPartsGiveThatOfBoth() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      byte[] bytes = new byte[random.nextInt(1, 3000)];
      random.nextBytes(bytes);
      int cut = random.nextInt(bytes.length + 1);
      int first = crc(bytes, 0, cut);
      int second = crc(bytes, cut, bytes.length);
      assertThat(Crc32Combiner.combine(first, second, bytes.length - cut))
          .isEqualTo(crc(bytes, 0, bytes.length));
    }
  }

  private static int crc(byte[] bytes, int from, int to) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }
}
