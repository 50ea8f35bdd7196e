package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.link.DownloadRequest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which bytes of a content that nobody knows are asked for first. */
class FirstLookTest {
  private static final long MOST = 16 << 20;
  private static final DownloadRequest WHOLE =
      DownloadRequest.of(new TaskId("0123456789abcdef"), "http://origin.example/file");

  /** The longest piece has 64 MiB, and the longest block 1 MiB. */
  @ParameterizedTest
  @CsvSource({
    "bytes=0-999999, false, 0, 1000000",
    "bytes=70000000-70000009, false, 67108864, 2891146",
    "bytes=67108864-99999999, false, 67108864, 16777216",
    "bytes=67108864-, false, 67108864, 16777216",
    "bytes=40000000-40000009, false, 40000000, 1",
    "bytes=-5, false, 0, 16777216",
    "bytes=0-999999, true, 0, 1048576",
    "bytes=40000000-40000009, true, 39845888, 1048576"
  })
  void isWhatARangeWantsAndNoMore(String range, boolean byBlocks, long start, long length) {
    assertThat(FirstLook.of(Requests.withRange(WHOLE, range), byBlocks, MOST))
        .isEqualTo(new FirstLook(start, length));
  }
}
