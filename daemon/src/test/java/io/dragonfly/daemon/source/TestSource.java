package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;

/** What the tests of http origins share: sources with short waits, and reading to the end. */
final class TestSource {
  private TestSource() {}

  /** Patient where a test expects no wait, and with pauses too short to notice. */
  static SourceOptions.Builder options() {
    return SourceOptions.builder()
        .userAgent("dragonfly/test")
        .firstPause(Duration.ofMillis(1))
        .maxPause(Duration.ofMillis(50))
        .connectTimeout(Duration.ofSeconds(20))
        .headerTimeout(Duration.ofSeconds(20))
        .stallTimeout(Duration.ofSeconds(20))
        .refusalTtl(Duration.ZERO)
        .environment(Map.of());
  }

  static HttpSource create() {
    return create(options());
  }

  static HttpSource create(SourceOptions.Builder options) {
    return new HttpSource(options.build(), new Random(1), System::nanoTime, InstantSource.system());
  }

  static byte[] content(int length) {
    byte[] content = new byte[length];
    new Random(length).nextBytes(content);
    return content;
  }

  /** All of the body; closes the response. */
  static byte[] readAll(OriginResponse response) throws OriginException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (response) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(10_000);
      while (response.read(buffer) >= 0) {
        buffer.flip();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        all.writeBytes(bytes);
        buffer.clear();
      }
    }
    return all.toByteArray();
  }

  static OriginException failure(Source source, OriginRequest request) {
    OriginException failure =
        catchThrowableOfType(OriginException.class, () -> source.open(request).close());
    if (failure == null) {
      throw new AssertionError("the origin was opened although that should fail");
    }
    return failure;
  }

  static OriginException readFailure(OriginResponse response) {
    OriginException failure = catchThrowableOfType(OriginException.class, () -> readAll(response));
    if (failure == null) {
      throw new AssertionError("the body was read although that should fail");
    }
    return failure;
  }
}
