package io.dragonfly.common.rpc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.DeleteTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.ListTaskEntriesRequest;
import io.dragonfly.api.dfdaemon.v2.ListTaskEntriesResponse;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.api.dfdaemon.v2.SyncCachePiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncHostRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class RpcServerTest {
  private static final Metadata.Key<String> EXTENSION =
      Metadata.Key.of("dragonfly-extension", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> GRPC_TIMEOUT =
      Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

  private final Closer closer = new Closer();
  private final Upload upload = new Upload();
  private EventLoops loops;
  private RpcChannels channels;

  @TempDir Path directory;

  /** Streams stay open and are handed to the test; the other methods fail in different ways. */
  private static final class Upload extends DfdaemonUploadGrpc.DfdaemonUploadImplBase {
    final BlockingQueue<StreamObserver<SyncPiecesResponse>> pieces = new LinkedBlockingQueue<>();
    final BlockingQueue<Context> downloads = new LinkedBlockingQueue<>();

    @Override
    public void syncPieces(
        SyncPiecesRequest request, StreamObserver<SyncPiecesResponse> responses) {
      pieces.add(responses);
    }

    @Override
    public void downloadTask(
        DownloadTaskRequest request, StreamObserver<DownloadTaskResponse> responses) {
      downloads.add(Context.current());
    }

    @Override
    public void statTask(StatTaskRequest request, StreamObserver<Task> responses) {
      switch (request.getTaskId()) {
        case "known" -> {
          responses.onNext(Task.newBuilder().setId("known").build());
          responses.onCompleted();
        }
        case "status" ->
            throw Status.NOT_FOUND.withDescription("no such task").asRuntimeException();
        case "reported" -> responses.onError(new IOException("secret detail"));
        case "after" -> {
          responses.onError(Status.ABORTED.asRuntimeException());
          throw new IllegalStateException("after the end");
        }
        default -> throw new IllegalStateException("secret detail");
      }
    }

    @Override
    public void listTaskEntries(
        ListTaskEntriesRequest request, StreamObserver<ListTaskEntriesResponse> responses) {
      responses.onNext(ListTaskEntriesResponse.getDefaultInstance());
      responses.onCompleted();
    }

    @Override
    public void syncHost(SyncHostRequest request, StreamObserver<Host> responses) {
      responses.onError(
          Status.UNKNOWN.withDescription("chosen by the service").asRuntimeException());
    }
  }

  @BeforeEach
  void open() {
    loops = closer.add(new EventLoops("test", 2));
    channels = closer.add(RpcChannels.plaintext(loops));
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private RpcServer.Builder builder() {
    return RpcServer.builder("daemon", loops)
        .service(upload)
        .grace(Duration.ofMillis(100))
        .ignoring(
            IgnoredDeadlines.of(
                DfdaemonUploadGrpc.getSyncPiecesMethod(), DfdaemonUploadGrpc.getSyncHostMethod()))
        .interceptor(
            EagerHeaders.of(
                    DfdaemonUploadGrpc.getSyncPiecesMethod(),
                    DfdaemonUploadGrpc.getDownloadTaskMethod())
                .adding(
                    "dragonfly-extension",
                    "v1",
                    DfdaemonUploadGrpc.getSyncPiecesMethod(),
                    DfdaemonUploadGrpc.getStatTaskMethod()));
  }

  private Channel start(RpcServer.Builder builder) throws IOException {
    RpcServer server = closer.add(builder.address("127.0.0.1", 0).build()).start();
    return channels.channel(new HostPort("127.0.0.1", server.port()));
  }

  private static StatTaskRequest task(String id) {
    return StatTaskRequest.newBuilder().setTaskId(id).build();
  }

  private static Status statusOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
    throw new AssertionError("the call succeeded");
  }

  /** Collects what arrives. */
  private static final class Responses<T> implements StreamObserver<T> {
    final BlockingQueue<T> messages = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();

    T next() throws InterruptedException {
      return requireNonNull(messages.poll(30, TimeUnit.SECONDS), "nothing arrived");
    }

    @Override
    public void onNext(T value) {
      messages.add(value);
    }

    @Override
    public void onError(Throwable t) {
      end.complete(Status.fromThrowable(t));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  @Test
  void healthIsServingForTheServerAndNotFoundForNames() throws IOException {
    var health = HealthGrpc.newBlockingStub(start(builder()));

    assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
        .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    assertThat(
            statusOf(() -> health.check(HealthCheckRequest.newBuilder().setService("x").build()))
                .getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void bothReflectionsListTheServices() throws Exception {
    Channel channel = start(builder());
    var responses = new Responses<ServerReflectionResponse>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel).serverReflectionInfo(responses);
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    requests.onCompleted();
    var alphaResponses = new Responses<io.grpc.reflection.v1alpha.ServerReflectionResponse>();
    StreamObserver<io.grpc.reflection.v1alpha.ServerReflectionRequest> alphaRequests =
        io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(alphaResponses);
    alphaRequests.onNext(
        io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder()
            .setListServices("")
            .build());
    alphaRequests.onCompleted();

    assertThat(responses.next().getListServicesResponse().getServiceList())
        .extracting(service -> service.getName())
        .contains("dfdaemon.v2.DfdaemonUpload", "grpc.health.v1.Health");
    assertThat(alphaResponses.next().getListServicesResponse().getServiceList())
        .extracting(service -> service.getName())
        .contains("dfdaemon.v2.DfdaemonUpload", "grpc.health.v1.Health");
  }

  @Test
  void theHeadersOfNamedStreamsAreSentAtOnceAndCarryTheExtension() throws Exception {
    var headers = new AtomicReference<Metadata>();
    var trailers = new AtomicReference<Metadata>();
    Channel channel =
        ClientInterceptors.intercept(
            start(builder()), MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
    var responses = new Responses<SyncPiecesResponse>();

    DfdaemonUploadGrpc.newStub(channel)
        .syncPieces(SyncPiecesRequest.getDefaultInstance(), responses);

    await().until(() -> headers.get() != null);
    assertThat(requireNonNull(headers.get()).get(EXTENSION)).isEqualTo("v1");
    assertThat(responses.messages).isEmpty();
    StreamObserver<SyncPiecesResponse> served = upload.pieces.poll(30, TimeUnit.SECONDS);
    served.onNext(SyncPiecesResponse.newBuilder().setNumber(7).build());
    assertThat(responses.next().getNumber()).isEqualTo(7);
    served.onCompleted();
    assertThat(responses.end.get(30, TimeUnit.SECONDS).isOk()).isTrue();
  }

  @Test
  void aHeaderCanBeAddedToAUnaryMethod() throws IOException {
    var headers = new AtomicReference<Metadata>();
    var trailers = new AtomicReference<Metadata>();
    Channel channel =
        ClientInterceptors.intercept(
            start(builder()), MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
    var stub = DfdaemonUploadGrpc.newBlockingStub(channel);

    assertThat(stub.statTask(task("known")).getId()).isEqualTo("known");
    assertThat(requireNonNull(headers.get()).get(EXTENSION)).isEqualTo("v1");

    stub.listTaskEntries(ListTaskEntriesRequest.getDefaultInstance());
    assertThat(requireNonNull(headers.get()).containsKey(EXTENSION)).isFalse();
  }

  @Test
  void onlyStreamsCanHaveEagerHeaders() {
    assertThatThrownBy(() -> EagerHeaders.of(DfdaemonUploadGrpc.getStatTaskMethod()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("StatTask");
  }

  @Test
  void theDeadlineOfANamedStreamIsIgnoredAndThatOfOthersKept() throws Exception {
    Channel channel = withTimeoutHeader(start(builder()), "1S");
    var pieces = new Responses<SyncPiecesResponse>();
    var download = new Responses<DownloadTaskResponse>();
    DfdaemonUploadGrpc.newStub(channel).syncPieces(SyncPiecesRequest.getDefaultInstance(), pieces);
    DfdaemonUploadGrpc.newStub(channel)
        .downloadTask(DownloadTaskRequest.getDefaultInstance(), download);
    StreamObserver<SyncPiecesResponse> served = upload.pieces.poll(30, TimeUnit.SECONDS);
    Context downloading = upload.downloads.poll(30, TimeUnit.SECONDS);

    assertThat(download.end.get(30, TimeUnit.SECONDS).getCode())
        .isIn(Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);
    assertThat(downloading.isCancelled()).isTrue();
    Thread.sleep(2000); // Time must pass: the stream has to outlive its header by far.
    served.onNext(SyncPiecesResponse.newBuilder().setNumber(3).build());

    assertThat(pieces.next().getNumber()).isEqualTo(3);
    assertThat(pieces.end).isNotDone();
    served.onCompleted();
    assertThat(pieces.end.get(30, TimeUnit.SECONDS).isOk()).isTrue();
  }

  /** The header alone, as upstream's client sends it: grpc-java's own deadline would act here. */
  private static Channel withTimeoutHeader(Channel channel, String value) {
    var headers = new Metadata();
    headers.put(GRPC_TIMEOUT, value);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  @Test
  void whatAServiceThrowsBecomesInternalInPlainWords() throws IOException {
    var stub = DfdaemonUploadGrpc.newBlockingStub(start(builder()));

    for (String id : List.of("thrown", "reported")) {
      Status status = statusOf(() -> stub.statTask(task(id)));
      assertThat(status.getCode()).as(id).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription())
          .isEqualTo("StatTask failed inside this daemon; its log has the reason");
    }
  }

  @Test
  void aStatusThatTheServiceChoseIsKept() throws IOException {
    var stub = DfdaemonUploadGrpc.newBlockingStub(start(builder()));

    Status thrown = statusOf(() -> stub.statTask(task("status")));
    assertThat(thrown.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(thrown.getDescription()).isEqualTo("no such task");
    assertThat(statusOf(() -> stub.statTask(task("after"))).getCode())
        .isEqualTo(Status.Code.ABORTED);
    Iterator<Host> hosts = stub.syncHost(SyncHostRequest.getDefaultInstance());
    Status unknown = statusOf(hosts::next);
    assertThat(unknown.getCode()).isEqualTo(Status.Code.UNKNOWN);
    assertThat(unknown.getDescription()).isEqualTo("chosen by the service");
  }

  @Test
  void aMethodThatIsNotServedSaysSo() throws IOException {
    var stub = DfdaemonUploadGrpc.newBlockingStub(start(builder()));
    Iterator<?> pieces = stub.syncCachePieces(SyncCachePiecesRequest.getDefaultInstance());

    Status status = statusOf(pieces::next);

    assertThat(status.getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(status.getDescription()).isEqualTo("SyncCachePieces is not served by this daemon");
  }

  @Test
  void callsBeyondTheRateAreRefusedInUpstreamsWords() throws IOException {
    var stub =
        DfdaemonUploadGrpc.newBlockingStub(
            start(
                RpcServer.builder("daemon", loops)
                    .service(upload)
                    .interceptor(new RateLimit(2, () -> 0))));
    assertThat(stub.statTask(task("known")).getId()).isEqualTo("known");
    assertThat(stub.statTask(task("known")).getId()).isEqualTo("known");

    Status status = statusOf(() -> stub.statTask(task("known")));

    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription())
        .isEqualTo(
            "/dfdaemon.v2.DfdaemonUpload/StatTask is rejected by grpc_ratelimit middleware, please"
                + " retry later.");
  }

  @Test
  void theFirstInterceptorAddedSeesACallFirst() throws IOException {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    var stub =
        DfdaemonUploadGrpc.newBlockingStub(
            start(
                builder().interceptor(noting("first", seen)).interceptor(noting("second", seen))));

    stub.statTask(task("known"));

    assertThat(seen).containsExactly("first", "second");
  }

  private static ServerInterceptor noting(String name, BlockingQueue<String> seen) {
    return new ServerInterceptor() {
      @Override
      public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
          ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        seen.add(name);
        return next.startCall(call, headers);
      }
    };
  }

  @Test
  void aMessageBeyondTheLimitIsRefused() throws IOException {
    var stub = DfdaemonUploadGrpc.newBlockingStub(start(builder().maxInboundMessageBytes(1000)));

    assertThat(statusOf(() -> stub.statTask(task("x".repeat(2000)))).getCode())
        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void closeLetsARunningCallEndAndCutsOneThatGoesOn() throws Exception {
    RpcServer server =
        builder().address("127.0.0.1", 0).grace(Duration.ofMillis(300)).build().start();
    Channel channel = channels.channel(new HostPort("127.0.0.1", server.port()));
    var responses = new Responses<SyncPiecesResponse>();
    DfdaemonUploadGrpc.newStub(channel)
        .syncPieces(SyncPiecesRequest.getDefaultInstance(), responses);
    upload.pieces.poll(30, TimeUnit.SECONDS);

    server.close();

    assertThat(responses.end.get(30, TimeUnit.SECONDS).isOk()).isFalse();
    server.close();
  }

  @Test
  void anAddressInUseIsNamedWithTheRemedy() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      RpcServer server = closer.add(builder().address("127.0.0.1", taken.getLocalPort()).build());

      assertThatThrownBy(server::start)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("cannot listen on 127.0.0.1:" + taken.getLocalPort() + ": ")
          .hasMessageContaining("in use")
          .hasMessageEndingWith("Stop the program that uses it, or configure another");
    }
  }

  @Test
  void aUnixSocketIsServedAndCalled() throws IOException {
    Path socket = directory.resolve("d.sock");
    closer.add(builder().address(UnixDomainSocketAddress.of(socket)).build()).start();

    var stub = DfdaemonUploadGrpc.newBlockingStub(channels.channel(socket));

    assertThat(stub.statTask(task("known")).getId()).isEqualTo("known");
  }

  @Test
  void theChannelOfTheCallerIsUsed() throws IOException {
    var used = new AtomicBoolean();
    var stub =
        DfdaemonUploadGrpc.newBlockingStub(
            start(
                builder()
                    .channelFactory(() -> {
                      used.set(true);
                      return new NioServerSocketChannel();
                    })));

    assertThat(stub.statTask(task("known")).getId()).isEqualTo("known");
    assertThat(used).isTrue();
  }

  @Test
  void severalAddressesAreServedByOne() throws IOException {
    RpcServer server =
        closer.add(builder().address("127.0.0.1", 0).address("127.0.0.1", 0).build()).start();

    assertThat(server.addresses()).hasSize(2);
    for (var address : server.addresses()) {
      var target = new HostPort("127.0.0.1", ((InetSocketAddress) address).getPort());
      var stub = DfdaemonUploadGrpc.newBlockingStub(channels.channel(target));
      assertThat(stub.statTask(task("known")).getId()).isEqualTo("known");
    }
    assertThatThrownBy(() ->
            builder()
                .address("127.0.0.1", 0)
                .address(UnixDomainSocketAddress.of(directory.resolve("x")))
                .build())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void servicesMayBlockOnAnExecutor() throws Exception {
    var release = new CountDownLatch(1);
    var blocking =
        new DfdaemonUploadGrpc.DfdaemonUploadImplBase() {
          @Override
          public void deleteTask(DeleteTaskRequest request, StreamObserver<Empty> responses) {
            try {
              release.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            responses.onNext(Empty.getDefaultInstance());
            responses.onCompleted();
          }
        };
    Channel channel =
        start(
            RpcServer.builder("daemon", loops)
                .service(blocking)
                .executor(task -> Thread.ofVirtual().start(task)));
    var stub = DfdaemonUploadGrpc.newFutureStub(channel);
    var first = stub.deleteTask(DeleteTaskRequest.getDefaultInstance());
    var second = stub.deleteTask(DeleteTaskRequest.getDefaultInstance());

    var health = HealthGrpc.newBlockingStub(channel);
    assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
        .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    release.countDown();
    assertThat(first.get(30, TimeUnit.SECONDS)).isNotNull();
    assertThat(second.get(30, TimeUnit.SECONDS)).isNotNull();
  }
}
