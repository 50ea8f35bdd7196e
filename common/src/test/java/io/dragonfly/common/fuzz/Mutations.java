package io.dragonfly.common.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Inputs that are nearly right: what a correct sender would write, changed by a random generator of
 * a fixed seed, so that every run tries the same. Each must be taken without an unexpected
 * exception, and without more memory than its own size explains.
 */
public final class Mutations {
  private static final int COUNT = 20_000;
  private static final int LONGEST = 8192;
  private static final long MEMORY = 1 << 20;
  private static final long MEMORY_PER_BYTE = 512;
  private static final int[] NUMBERS = {
    0,
    1,
    -1,
    63,
    64,
    65,
    127,
    128,
    255,
    256,
    4096,
    4100,
    65_536,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE
  };
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Mutations() {}

  /** Takes one input; throws whatever it must not throw. */
  public interface Parser {
    void parse(byte[] input) throws Exception;
  }

  /** Tries many variants of the seeds, and pure noise. */
  public static void tryAll(Stream<byte[]> seeds, Parser parser) {
    List<byte[]> corpus = seeds.toList();
    Random random = new Random(4005);
    for (byte[] seed : corpus) {
      tryOne(seed, parser); // And what it loads and compiles once.
    }
    for (int i = 0; i < COUNT; i++) {
      byte[] input = corpus.get(random.nextInt(corpus.size()));
      for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
        input = changed(input, corpus, random);
      }
      long most = MEMORY + MEMORY_PER_BYTE * input.length;
      long allocated = allocatedFor(input, parser);
      if (allocated > most) {
        allocated = allocatedFor(input, parser); // The first time it may have loaded classes.
      }
      if (allocated > most) {
        throw new AssertionError("more than " + most + " bytes allocated for " + shown(input));
      }
    }
  }

  private static long allocatedFor(byte[] input, Parser parser) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    tryOne(input, parser);
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  private static void tryOne(byte[] input, Parser parser) {
    try {
      parser.parse(input.clone());
    } catch (Exception | Error e) {
      throw new AssertionError("not taken: " + shown(input), e);
    }
  }

  private static byte[] changed(byte[] input, List<byte[]> corpus, Random random) {
    if (input.length == 0) {
      return noise(random, 1 + random.nextInt(80));
    }
    byte[] copy = input.clone();
    int at = random.nextInt(copy.length);
    return switch (random.nextInt(8)) {
      case 0 -> {
        copy[at] ^= (byte) (1 << random.nextInt(8));
        yield copy;
      }
      case 1 -> {
        copy[at] = (byte) NUMBERS[random.nextInt(NUMBERS.length)];
        yield copy;
      }
      case 2 -> {
        if (at + Integer.BYTES <= copy.length) {
          ByteBuffer.wrap(copy).putInt(at, NUMBERS[random.nextInt(NUMBERS.length)]);
        }
        yield copy;
      }
      case 3 -> Arrays.copyOf(copy, at);
      case 4 -> joined(copy, noise(random, 1 + random.nextInt(16)));
      case 5 -> {
        byte[] other = corpus.get(random.nextInt(corpus.size()));
        yield joined(Arrays.copyOf(copy, at), other);
      }
      case 6 -> {
        int to = at + random.nextInt(copy.length - at) + 1;
        yield joined(Arrays.copyOf(copy, to), Arrays.copyOfRange(copy, at, copy.length));
      }
      default -> random.nextInt(10) == 0 ? noise(random, 1 + random.nextInt(200)) : copy;
    };
  }

  private static byte[] noise(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both =
        Arrays.copyOf(
            first,
            Math.clamp(
                (long) first.length + second.length,
                first.length,
                Math.max(first.length, LONGEST)));
    System.arraycopy(
        second, 0, both, first.length, Math.min(second.length, both.length - first.length));
    return both;
  }

  private static String shown(byte[] input) {
    return HexFormat.of().formatHex(input);
  }
}
