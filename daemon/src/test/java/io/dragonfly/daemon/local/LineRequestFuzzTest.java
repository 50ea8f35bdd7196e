package io.dragonfly.daemon.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is written to the socket: a request, or a clear refusal. */
final class LineRequestFuzzTest {
  static Stream<byte[]> requests() {
    return Stream.of(
            "DRAGONFLY/1 PING\n\n",
            """
            DRAGONFLY/1 DOWNLOAD
            url: http://h/p?a=%25
            output: /tmp/x
            overwrite: true
            header: A: b
            priority: 6
            piece-length: 4194304

            """,
            """
            DRAGONFLY/1 DOWNLOAD
            url: http://h/
            filtered-query-param: q
            digest: sha256:00
            timeout-millis: 1000
            tag: täg
            application: a
            disable-back-to-source: false
            filtered-query-params-set: true

            """)
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("requests")
  @FuzzTest(maxDuration = "1m")
  void request(byte[] input) {
    LineRequest.isWhole(input, input.length);
    try {
      LineRequest request = LineRequest.parse(input);
      assertThat(request.verb()).isNotNull();
    } catch (MalformedRequestException e) {
      assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(500);
    }
  }

  @Test
  void requestsThatAreNearlyRight() {
    Mutations.tryAll(requests(), this::request);
  }
}
