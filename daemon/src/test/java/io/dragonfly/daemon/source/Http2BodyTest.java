package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a stream holds for its reader, and what its origin may send. */
@Timeout(30)
final class Http2BodyTest {
  private final List<Integer> grants = new ArrayList<>();
  private final Http2Windows windows = new Http2Windows();

  private Http2Body body(Duration stall) {
    Http2Body body = new Http2Body(windows, stall);
    body.channel(grants::add);
    return body;
  }

  private static void read(Http2Body body, int count) throws IOException {
    assertThat(body.readNBytes(count)).hasSize(count);
  }

  @Test
  void bytesComeOutAsTheyCameIn() throws Exception {
    byte[] content = TestSource.content(300_000);
    Http2Body body = body(Duration.ofSeconds(20));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = 0;
    for (int round = 0; at < content.length; round++) {
      int more = Math.min(1 + round * 997 % 16_384, content.length - at);
      body.receive(ByteBuffer.wrap(content, at, more));
      at += more;
      byte[] some = new byte[1 + round * 31 % 9000];
      out.write(some, 0, body.read(some, 0, some.length));
    }
    body.end();
    out.write(body.readAllBytes());
    assertThat(out.toByteArray()).isEqualTo(content);
    assertThat(body.read()).isEqualTo(-1);
  }

  @Test
  void whoDoesNotReadLetsNothingMoreCome() {
    Http2Body body = body(Duration.ofSeconds(20));
    body.receive(ByteBuffer.allocate(Http2Windows.FIRST));

    assertThat(grants).isEmpty();
    assertThat(body.held()).isEqualTo(Http2Windows.FIRST);
    body.close();
    assertThat(body.held()).isZero();
  }

  @Test
  void aReaderThatIsNeverWaitedForKeepsItsWindow() throws Exception {
    Http2Body body = body(Duration.ofSeconds(20));
    for (int i = 0; i < 20; i++) {
      body.receive(ByteBuffer.allocate(Http2Windows.FIRST / 2));
      read(body, Http2Windows.FIRST / 2);
    }

    assertThat(grants.stream().mapToInt(grant -> grant).sum())
        .isEqualTo(20 * Http2Windows.FIRST / 2);
  }

  @Test
  void theWindowGrowsWhileTheReaderWaits() throws Exception {
    Http2Body body = body(Duration.ofSeconds(20));
    int window = Http2Windows.FIRST;
    for (int i = 0; i < 9; i++) {
      int before = grants.stream().mapToInt(grant -> grant).sum();
      int bytes = window;
      Thread reader = Thread.ofVirtual().start(() -> readQuietly(body, bytes));
      while (reader.getState() == Thread.State.NEW || reader.getState() == Thread.State.RUNNABLE) {
        Thread.onSpinWait();
      }
      body.receive(ByteBuffer.allocate(bytes));
      reader.join();
      int granted = grants.stream().mapToInt(grant -> grant).sum() - before;
      assertThat(granted).isGreaterThanOrEqualTo(bytes);
      window += granted - bytes;
    }

    assertThat(window).isEqualTo(8 << 20);
  }

  private static void readQuietly(Http2Body body, int count) {
    try {
      body.readNBytes(count);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void allWindowsTogetherAreBounded() {
    int grown = 0;
    while (windows.grow(4 << 20)) {
      grown++;
    }

    assertThat(grown).isEqualTo(16);
    assertThat(windows.grow(8 << 20)).isFalse();
    windows.shrink(8 << 20);
    assertThat(windows.grow(4 << 20)).isTrue();
  }

  @Test
  void aStallAndAFailureReachTheReaderAfterWhatCame() throws Exception {
    Http2Body stalled = body(Duration.ofMillis(1));
    stalled.receive(ByteBuffer.allocate(10));
    read(stalled, 10);
    assertThatThrownBy(stalled::read).isInstanceOf(SocketTimeoutException.class);

    Http2Body broken = body(Duration.ofSeconds(20));
    broken.receive(ByteBuffer.allocate(10));
    broken.fail(new IOException("broken"));
    read(broken, 10);
    assertThatThrownBy(broken::read).isInstanceOf(IOException.class).hasMessage("broken");
  }
}
