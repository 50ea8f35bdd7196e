package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Content that was read with credentials, asked for without them at each of a daemon's doors. */
class SharedRightsTest {
  private static final int LENGTH = 2 * (4 << 20) + 12345;

  @TempDir Path dir;
  private final Closer closer = new Closer();
  private ProxyOrigin origin;
  private ProxyDaemon daemon;
  private RpcChannels channels;

  @BeforeEach
  void start() throws Exception {
    channels = closer.add(RpcChannels.plaintext(closer.add(new EventLoops("test", 1))));
    origin = closer.add(new ProxyOrigin(LENGTH));
    origin.wanted = "Bearer a";
    daemon = closer.add(ProxyDaemon.of(dir, "", "registryMirror: {addr: '" + origin.base() + "'}"));
  }

  @AfterEach
  void stop() {
    closer.close();
  }

  private static DownloadTaskRequest request(String url, String authorization) {
    Download.Builder download = Download.newBuilder().setUrl(url);
    if (!authorization.isEmpty()) {
      download.putRequestHeader("Authorization", authorization);
    }
    return DownloadTaskRequest.newBuilder().setDownload(download).build();
  }

  /** The id of the task; it is awaited that all has come. */
  private static String all(Iterator<DownloadTaskResponse> answers) {
    String task = "";
    while (answers.hasNext()) {
      task = answers.next().getTaskId();
    }
    return task;
  }

  private String bySocket(String url, String authorization) throws IOException {
    try (SocketChannel client =
        SocketChannel.open(UnixDomainSocketAddress.of(daemon.daemon().socketPath()))) {
      String header = authorization.isEmpty() ? "" : "\nheader: Authorization: " + authorization;
      String output = "\noutput: " + dir.resolve("out" + authorization.hashCode());
      client.write(
          ByteBuffer.wrap(
              ("DRAGONFLY/1 DOWNLOAD\nurl: " + url + output + header + "\n\n").getBytes(UTF_8)));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      while (client.read(buffer) >= 0) {
        out.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      }
      return out.toString(UTF_8);
    }
  }

  private String byProxy(String authorization) throws Exception {
    String header = authorization.isEmpty() ? "" : "Authorization: " + authorization + "\r\n";
    return daemon.raw(
        "GET " + origin.path() + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + header + "\r\n");
  }

  @Test
  void itIsOnlyForWhomTheOriginAccepts() throws Exception {
    String url = origin.base() + origin.path();
    var users =
        DfdaemonDownloadGrpc.newBlockingStub(channels.channel(daemon.daemon().socketPath()))
            .withDeadlineAfter(60, TimeUnit.SECONDS);
    var peers =
        DfdaemonUploadGrpc.newBlockingStub(
                channels.channel(new HostPort("127.0.0.1", daemon.daemon().uploadPort())))
            .withDeadlineAfter(60, TimeUnit.SECONDS);
    String task = all(users.downloadTask(request(url, "Bearer a")));
    assertThat(byProxy("Bearer a"))
        .containsIgnoringCase("x-dragonfly-task-id: " + task)
        .containsIgnoringCase("x-dragonfly-task-download-finished: true");

    for (String other : new String[] {"", "Bearer b"}) {
      assertThatThrownBy(() -> all(users.downloadTask(request(url, other))))
          .isInstanceOf(StatusRuntimeException.class);
      assertThatThrownBy(() -> all(peers.downloadTask(request(url, other))))
          .isInstanceOf(StatusRuntimeException.class);
      assertThat(bySocket(url, other)).contains("401").doesNotContain("done bytes");
      assertThat(byProxy(other)).startsWith("HTTP/1.1 401 ");
    }
    assertThat(bySocket(url, "Bearer a")).contains("done bytes=" + LENGTH, " cache=" + LENGTH);
    assertThat(origin.served.get()).isEqualTo(LENGTH);
  }
}
