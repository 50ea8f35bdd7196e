package io.dragonfly.common.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class RpcChannelsTest {
  private final Closer closer = new Closer();
  private EventLoops loops;

  @TempDir Path directory;

  @BeforeEach
  void open() {
    loops = closer.add(new EventLoops("test", 1));
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private RpcServer serve(int port) throws IOException {
    return RpcServer.builder("daemon", loops)
        .address("127.0.0.1", port)
        .grace(Duration.ZERO)
        .build()
        .start();
  }

  private static HostPort local(int port) {
    return new HostPort("127.0.0.1", port);
  }

  private static boolean isServing(Channel channel) {
    return HealthGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .check(HealthCheckRequest.getDefaultInstance())
            .getStatus()
        == HealthCheckResponse.ServingStatus.SERVING;
  }

  @Test
  void oneConnectionIsSharedByAllChannelsToAnAddress() throws IOException {
    RpcChannels channels = closer.add(RpcChannels.plaintext(loops));
    RpcServer server = closer.add(serve(0));

    assertThat(isServing(channels.channel(local(server.port())))).isTrue();
    assertThat(isServing(channels.channel(local(server.port())))).isTrue();

    assertThat(channels.size()).isEqualTo(1);
  }

  @Test
  void theNumberOfConnectionsIsBoundedAndChannelsOutliveThem() throws IOException {
    RpcChannels channels =
        closer.add(RpcChannels.forTest(loops, /* capacity= */ 2, Duration.ofMinutes(5)));
    List<Channel> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      all.add(channels.channel(local(closer.add(serve(0)).port())));
    }

    for (int round = 0; round < 3; round++) {
      for (Channel channel : all) {
        assertThat(isServing(channel)).isTrue();
        assertThat(channels.size()).isLessThanOrEqualTo(2);
      }
    }
  }

  @Test
  void aConnectionWithoutCallsIsClosedAndMadeAgain() throws Exception {
    RpcChannels channels =
        closer.add(RpcChannels.forTest(loops, /* capacity= */ 10, Duration.ofSeconds(1)));
    RpcServer server = closer.add(serve(0));
    var ended = new LinkedBlockingQueue<String>();
    var listener = closer.add(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
    Thread.startVirtualThread(() -> relay(listener, server.port(), ended));
    Channel channel = channels.channel(local(listener.getLocalPort()));
    assertThat(isServing(channel)).isTrue();

    assertThat(ended.poll(30, TimeUnit.SECONDS)).isEqualTo("closed by the client");

    assertThat(isServing(channel)).isTrue();
  }

  /** Passes connections on and reports when a client has closed one. */
  private static void relay(ServerSocket listener, int port, Queue<String> ended) {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
        Thread.startVirtualThread(() -> {
          copy(client, server);
          ended.add("closed by the client");
        });
        Thread.startVirtualThread(() -> copy(server, client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // The other direction has closed both.
    }
  }

  @Test
  void aServerThatCameBackIsReachedSoon() throws IOException {
    RpcChannels channels = closer.add(RpcChannels.plaintext(loops));
    RpcServer first = serve(0);
    int port = first.port();
    Channel channel = channels.channel(local(port));
    assertThat(isServing(channel)).isTrue();
    first.close();
    assertThatThrownBy(() -> isServing(channel)).isInstanceOf(StatusRuntimeException.class);

    closer.add(serve(port));

    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> isServing(channel));
  }

  @Test
  void aConnectionThatLeadsNowhereIsLetGoWithItsCallsAndMadeAnew() throws Exception {
    RpcChannels channels = closer.add(RpcChannels.plaintext(loops));
    try (ServerSocket deaf = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      HostPort address = local(deaf.getLocalPort());
      var answer =
          HealthGrpc.newFutureStub(channels.channel(address))
              .check(HealthCheckRequest.getDefaultInstance());
      deaf.accept().setTcpNoDelay(true);

      channels.disconnect(address);

      assertThatThrownBy(() -> answer.get(30, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("UNAVAILABLE");
      assertThat(channels.size()).isZero();
      var _ =
          HealthGrpc.newFutureStub(channels.channel(address))
              .check(HealthCheckRequest.getDefaultInstance());
      assertThat(deaf.accept().isConnected()).isTrue();
      channels.disconnect(local(1));
    }
  }

  @Test
  void nobodyListeningIsUnavailable() throws IOException {
    RpcChannels channels = closer.add(RpcChannels.plaintext(loops));
    // Bound without listening: connections are refused, and nobody else gets the port.
    var held =
        closer.add(
            SocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    int port = held.socket().getLocalPort();

    assertThatThrownBy(() -> isServing(channels.channel(local(port))))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    assertThatThrownBy(() -> isServing(channels.channel(directory.resolve("no.sock"))))
        .isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void afterCloseCallsFail() throws IOException {
    RpcChannels channels = RpcChannels.plaintext(loops);
    RpcServer server = closer.add(serve(0));
    Channel before = channels.channel(local(server.port()));
    assertThat(isServing(before)).isTrue();

    channels.close();

    assertThatThrownBy(() -> isServing(before)).isInstanceOf(StatusRuntimeException.class);
    assertThat(channels.size()).isZero();
  }

  @Test
  void anAuthorityIsWrittenAsInAUrl() {
    RpcChannels channels = closer.add(RpcChannels.plaintext(loops));

    assertThat(channels.channel(new HostPort("::1", 80)).authority()).isEqualTo("[::1]:80");
    assertThat(channels.channel(new HostPort("host", 80)).authority()).isEqualTo("host:80");
    assertThat(channels.channel(Path.of("/x")).authority()).isEqualTo("localhost");
  }
}
