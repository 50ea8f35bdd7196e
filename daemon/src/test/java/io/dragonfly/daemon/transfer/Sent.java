package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;

/** What a server says that it sent. It counts an answer a little after its last byte arrived. */
public final class Sent {
  private Sent() {}

  /** Waits until the server has counted these bytes, and fails when it comes to another number. */
  public static void bytes(PieceServer server, long expected) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(server.activity().bytes()).isEqualTo(expected));
  }
}
