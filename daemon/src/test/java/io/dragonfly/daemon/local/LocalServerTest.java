package io.dragonfly.daemon.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.output.Caller;
import io.dragonfly.daemon.output.OutputRights;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalServerTest {
  @TempDir Path dir;

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final EventLoops loops = new EventLoops("test", 1);
  private final AtomicReference<@Nullable SocketAddress> caller = new AtomicReference<>();
  private final ScriptedDownloads downloads = new ScriptedDownloads();
  private Path path;
  private LocalServer server;
  private RpcServer grpc;

  @BeforeEach
  void start() throws IOException {
    path = dir.resolve("d.sock");
    server = new LocalServer(options(path, Duration.ofSeconds(30)), timer);
    grpc =
        RpcServer.builder("daemon", loops)
            .address(server.address())
            .channelFactory(server.channels())
            .interceptor(new SeesCaller())
            .build();
    grpc.start();
    server.start(downloads, new OutputRights(server.owner()));
  }

  private static LocalServer.Options options(Path path, Duration firstByte) {
    return new LocalServer.Options(
        path, "0660", Optional.empty(), firstByte, Duration.ofSeconds(30));
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    grpc.close();
    loops.close();
    timer.shutdownNow();
  }

  private final class SeesCaller implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      caller.set(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
      return next.startCall(call, headers);
    }
  }

  private String ask(String request) throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      client.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
      return readAll(client);
    }
  }

  private static String readAll(SocketChannel client) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (client.read(buffer) >= 0) {
      out.write(buffer.array(), 0, buffer.position());
      buffer.clear();
    }
    return out.toString(UTF_8);
  }

  @Test
  void bothProtocolsLiveOnOneSocket() throws Exception {
    try (RpcChannels channels = RpcChannels.plaintext(loops)) {
      HealthGrpc.HealthBlockingV2Stub health = HealthGrpc.newBlockingV2Stub(channels.channel(path));
      for (int i = 0; i < 3; i++) {
        assertThat(ask("DRAGONFLY/1 PING\n\n")).isEqualTo("pong version=1.2%203\n");
        assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
            .isEqualTo(ServingStatus.SERVING);
      }
    }
    UserPrincipal owner = Files.getOwner(dir);
    assertThat(caller.get())
        .isInstanceOfSatisfying(Caller.class, who -> assertThat(who.user()).isEqualTo(owner));
  }

  @Test
  void aByteOfNeitherProtocolEndsTheConnection() throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      client.write(ByteBuffer.wrap("G".getBytes(UTF_8)));
      assertThat(readAll(client)).isEmpty();
    }
  }

  @Test
  void aMalformedRequestIsAnswered() throws IOException {
    assertThat(ask("DRAGONFLY/9 DOWNLOAD\n\n")).startsWith("error code=INVALID_ARGUMENT message=");
    assertThat(ask("DRAGONFLY/1 DOWNLOAD\nurl: u\nno\n\n"))
        .startsWith("error code=INVALID_ARGUMENT message=");
  }

  @Test
  void aRequestLongerThanAllowedIsRefused() throws IOException {
    String line = "header: a: " + "x".repeat(1000) + "\n";
    assertThat(ask("DRAGONFLY/1 DOWNLOAD\n" + line.repeat(65)))
        .startsWith("error code=INVALID_ARGUMENT message=")
        .contains("65536");
  }

  @Test
  void theOutcomeOfADownloadIsTold() throws Exception {
    CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> askUnchecked("a"));
    DownloadListener listener = downloads.listener.get(30, TimeUnit.SECONDS);
    listener.finished(new DownloadSummary(new ByteCounts(1, 2, 3, 4), Duration.ofMillis(5)));
    assertThat(answer.get(30, TimeUnit.SECONDS))
        .isEqualTo("done bytes=10 millis=5 cache=1 peers=2 seed=3 origin=4\n");
  }

  @Test
  void aMistakeOfTheDaemonIsToldToo() throws IOException {
    assertThat(ask("DRAGONFLY/1 DOWNLOAD\nurl: mistake\n\n"))
        .startsWith("error code=INTERNAL message=")
        .contains("log");
    await().until(() -> downloads.failures == 1);
  }

  @Test
  void theOriginsRefusalIsToldWithItsStatus() throws Exception {
    CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> askUnchecked("a"));
    downloads
        .listener
        .get(30, TimeUnit.SECONDS)
        .failed(
            new DownloadException(
                DownloadException.Code.ORIGIN_REFUSED, OptionalInt.of(404), Map.of(), "not there"));
    assertThat(answer.get(30, TimeUnit.SECONDS))
        .isEqualTo("error code=ORIGIN_REFUSED status=404 message=not%20there\n");
  }

  private String askUnchecked(String url) {
    try {
      return ask("DRAGONFLY/1 DOWNLOAD\nurl: " + url + "\n\n");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aClientThatGoesAwayCancelsItsDownload() throws Exception {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      client.write(ByteBuffer.wrap("DRAGONFLY/1 DOWNLOAD\nurl: a\n\n".getBytes(UTF_8)));
      downloads.listener.get(30, TimeUnit.SECONDS);
      assertThat(downloads.cancelled).isNotDone();
    }
    assertThat(downloads.cancelled.get(30, TimeUnit.SECONDS)).isTrue();
    await().until(() -> downloads.failures == 1);
  }

  @Test
  void anOutputThatIsThereIsRefusedBeforeTheDownloadBegins() throws IOException {
    Path output = Files.writeString(dir.resolve("out"), "x");
    assertThat(ask("DRAGONFLY/1 DOWNLOAD\nurl: a\noutput: " + output + "\n\n"))
        .startsWith("error code=ALREADY_EXISTS message=");
    assertThat(downloads.listener).isNotDone();
  }

  @Test
  void onlyTheOwnerAndTheGroupMayConnect() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-rw----");
  }

  @Test
  void aSecondDaemonIsRefusedAndTheFirstGoesOn() throws IOException {
    assertThatThrownBy(() -> new LocalServer(options(path, Duration.ofSeconds(1)), timer))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Another daemon listens on " + path);
    assertThat(ask("DRAGONFLY/1 PING\n\n")).startsWith("pong");
  }

  @Test
  void theSocketOfADeadDaemonIsReplaced() throws IOException {
    Path dead = dir.resolve("dead.sock");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(dead))
        .close();
    assertThat(dead).exists();
    try (LocalServer replaced = new LocalServer(options(dead, Duration.ofSeconds(1)), timer)) {
      assertThat(replaced.owner()).isEqualTo(Files.getOwner(dir));
    }
    assertThat(dead).doesNotExist();
  }

  @Test
  void aFileThatIsNoSocketIsLeftAlone() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "x");
    assertThatThrownBy(() -> new LocalServer(options(file, Duration.ofSeconds(1)), timer))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a socket");
    assertThat(file).hasContent("x");
  }

  @Test
  void aPathTooLongForASocketIsNamed() {
    Path tooLong = dir.resolve("x".repeat(120));
    assertThatThrownBy(() -> new LocalServer(options(tooLong, Duration.ofSeconds(1)), timer))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("107");
  }

  @Test
  void aClientThatSaysNothingIsCutOff() throws IOException {
    Path impatient = dir.resolve("i.sock");
    try (LocalServer local = new LocalServer(options(impatient, Duration.ofMillis(50)), timer)) {
      local.start(downloads, new OutputRights(local.owner()));
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(impatient))) {
        assertThat(readAll(client)).isEmpty();
      }
    }
  }

  @Test
  void aClientThatDoesNotEndItsRequestIsCutOff() throws IOException {
    Path impatient = dir.resolve("i.sock");
    try (LocalServer local = new LocalServer(options(impatient, Duration.ofMillis(50)), timer)) {
      local.start(downloads, new OutputRights(local.owner()));
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(impatient))) {
        client.write(ByteBuffer.wrap("DRAGONFLY/1 DOWNLOAD\n".getBytes(UTF_8)));
        assertThat(readAll(client)).isEmpty();
      }
    }
  }

  @Test
  void closingLeavesNoTemporaryFile() throws Exception {
    Path out = Files.createDirectory(dir.resolve("out"));
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(() -> askUnchecked("a\noutput: " + out.resolve("f")));
    downloads.listener.get(30, TimeUnit.SECONDS);
    assertThat(openFilesBelow(out)).isOne();
    server.close();
    assertThat(openFilesBelow(out)).isZero();
    assertThat(out).isEmptyDirectory();
    assertThat(answer.get(30, TimeUnit.SECONDS)).isEmpty();
  }

  /** Files that this process has open there, whether they have a name or not; each counts once. */
  private static long openFilesBelow(Path directory) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors
          .map(LocalServerTest::destination)
          .filter(file -> file.startsWith(directory))
          .distinct()
          .count();
    }
  }

  private static Path destination(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor);
    } catch (IOException e) {
      return Path.of("closed-meanwhile");
    }
  }

  @Test
  void closingEndsConversationsAndRemovesTheSocket() throws Exception {
    CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> askUnchecked("a"));
    downloads.listener.get(30, TimeUnit.SECONDS);
    server.close();
    assertThat(path).doesNotExist();
    assertThat(downloads.cancelled.get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(answer.get(30, TimeUnit.SECONDS)).isEmpty();
  }

  /** Downloads whose outcome the test decides. */
  private static final class ScriptedDownloads implements LineDownloads {
    final CompletableFuture<DownloadListener> listener = new CompletableFuture<>();
    final CompletableFuture<Boolean> cancelled = new CompletableFuture<>();
    volatile int failures;

    @Override
    public DownloadRequest request(LineRequest line) {
      return DownloadRequest.of(new TaskId("0123456789"), line.url());
    }

    @Override
    public Download start(DownloadRequest request, DownloadListener asked) {
      if (request.url().equals("mistake")) {
        throw new IllegalStateException("a mistake");
      }
      listener.complete(asked);
      return new Download() {
        @Override
        public TaskId taskId() {
          return request.taskId();
        }

        @Override
        public PeerId peerId() {
          return new PeerId("peer");
        }

        @Override
        public void reading(int piece) {}

        @Override
        public void cancel() {
          cancelled.complete(true);
        }
      };
    }

    @Override
    public String code(DownloadException failure) {
      return failure.code().name();
    }

    @Override
    public String host() {
      return "host";
    }

    @Override
    public String version() {
      return "1.2 3";
    }

    @Override
    public DownloadCount counted(DownloadRequest request) {
      return new DownloadCount() {
        @Override
        public void finished(DownloadSummary summary) {}

        @Override
        public void failed() {
          failures = 1;
        }
      };
    }
  }
}
