package io.dragonfly.lab.shaped;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Hosts that are far from each other. */
final class CableTest {
  private static final Rate RATE = Rate.parse("400mbit");
  private static final Duration FAR = Duration.ofMillis(40);

  @BeforeEach
  void needsRoot() {
    ShapedNetwork.obstacle().ifPresent(why -> abort(why));
    Tap.obstacle().ifPresent(why -> abort(why));
  }

  @Test
  void whatIsSentArrivesWholeAndNoSoonerThanTheDistanceAllows() throws Exception {
    byte[] content = new byte[8 << 20];
    new Random(1).nextBytes(content);
    try (ShapedNetwork network = ShapedNetwork.open(FAR)) {
      Node here = network.add("here", RATE, RATE);
      Node there = network.add("there", RATE, RATE);
      InetAddress address = InetAddress.ofLiteral(there.address());
      try (ServerSocket server = there.inside(() -> new ServerSocket(0, 8, address))) {
        CompletableFuture<byte[]> arrived =
            CompletableFuture.supplyAsync(() -> {
              try (Socket socket = server.accept();
                  DataInputStream in = new DataInputStream(socket.getInputStream())) {
                byte[] all = in.readNBytes(content.length);
                socket.getOutputStream().write(1);
                return all;
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
        here.inside(() -> {
          long began = System.nanoTime();
          try (Socket client = new Socket(address, server.getLocalPort())) {
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                .as("a connection takes a round trip")
                .isGreaterThanOrEqualTo(FAR);
            client.getOutputStream().write(content);
            assertThat(client.getInputStream().read()).isEqualTo(1);
          }
          return null;
        });
        assertThat(arrived.join()).isEqualTo(content);
      }
    }
  }
}
