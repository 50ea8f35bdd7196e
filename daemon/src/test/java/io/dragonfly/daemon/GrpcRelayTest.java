package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.Issued;
import io.dragonfly.common.tls.OwnAuthority;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** gRPC through a host that the proxy looks into, from grpc-java's client to its server. */
class GrpcRelayTest {
  private static final int MOST = 16 << 20;
  private static final Metadata.Key<String> DETAIL =
      Metadata.Key.of("detail", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> TAG =
      Metadata.Key.of("x-dragonfly-tag", Metadata.ASCII_STRING_MARSHALLER);

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private static final MethodDescriptor<byte[], byte[]> ECHO = method("Echo", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> FAIL = method("Fail", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> MANY =
      method("Many", MethodType.SERVER_STREAMING);
  private static final MethodDescriptor<byte[], byte[]> TALK =
      method("Talk", MethodType.BIDI_STREAMING);

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder(BYTES, BYTES)
        .setType(type)
        .setFullMethodName("test.Test/" + name)
        .build();
  }

  @TempDir Path dir;
  private final List<Metadata> asked = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Boolean> cancelled = new CompletableFuture<>();
  private TlsOrigin other;
  private Server server;
  private ProxyDaemon daemon;
  private ManagedChannel channel;
  private String name;

  @BeforeEach
  void start() throws Exception {
    // It is never asked: its authority certifies the server, and the daemon believes it.
    other = new TlsOrigin(dir.resolve("origin"), "");
    CertificateAuthority authority =
        new OwnAuthority(dir.resolve("origin/ca")).readOrMake("origin");
    name = ScriptedNames.name("grpc", "127.0.0.1");
    Issued issued = authority.issue(name, Instant.now());
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sslContext(
                GrpcSslContexts.configure(
                        SslContextBuilder.forServer(
                            issued.key(), issued.chain().toArray(X509Certificate[]::new)))
                    .build())
            .maxInboundMessageSize(MOST)
            .addService(
                ServerInterceptors.intercept(
                    service(),
                    new ServerInterceptor() {
                      @Override
                      public <A, B> ServerCall.Listener<A> interceptCall(
                          ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
                        asked.add(headers);
                        return next.startCall(call, headers);
                      }
                    }))
            .build()
            .start();
    ProxyDaemon.export(dir);
    daemon = ProxyDaemon.of(dir, other, "", "rules: [{regex: 'blobs/sha256.*'}]");
    channel = channel(name, server.getPort());
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    daemon.close();
    other.close();
  }

  private ManagedChannel channel(String host, int port) throws Exception {
    return NettyChannelBuilder.forAddress(host, port)
        .proxyDetector(target ->
            HttpConnectProxiedSocketAddress.newBuilder()
                .setTargetAddress(InetSocketAddress.createUnresolved(host, port))
                .setProxyAddress(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), daemon.port()))
                .build())
        .sslContext(
            GrpcSslContexts.forClient().trustManager(dir.resolve("ours.pem").toFile()).build())
        .maxInboundMessageSize(MOST)
        .build();
  }

  private ServerServiceDefinition service() {
    return ServerServiceDefinition.builder("test.Test")
        .addMethod(
            ECHO,
            ServerCalls.asyncUnaryCall((request, answers) -> {
              answers.onNext(request);
              answers.onCompleted();
            }))
        .addMethod(
            FAIL,
            ServerCalls.asyncUnaryCall((_, answers) -> {
              Metadata trailers = new Metadata();
              trailers.put(DETAIL, "the detail");
              answers.onError(
                  Status.INVALID_ARGUMENT.withDescription("no").asRuntimeException(trailers));
            }))
        .addMethod(
            MANY,
            ServerCalls.asyncServerStreamingCall((request, answers) -> {
              for (int i = 0; i < request[0]; i++) {
                answers.onNext(new byte[] {(byte) i});
              }
              if (request[0] == 0) {
                ((ServerCallStreamObserver<byte[]>) answers)
                    .setOnCancelHandler(() -> cancelled.complete(true));
                answers.onNext(new byte[] {0});
              } else {
                answers.onCompleted();
              }
            }))
        .addMethod(
            TALK,
            ServerCalls.asyncBidiStreamingCall(answers ->
                new StreamObserver<>() {
                  @Override
                  public void onNext(byte[] value) {
                    answers.onNext(("re: " + new String(value, UTF_8)).getBytes(UTF_8));
                  }

                  @Override
                  public void onError(Throwable cause) {
                    cancelled.complete(true);
                  }

                  @Override
                  public void onCompleted() {
                    answers.onCompleted();
                  }
                }))
        .build();
  }

  private static CallOptions options() {
    return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  @Test
  void callsAndTheirStatus() throws Exception {
    byte[] large = new byte[5 << 20];
    new Random(1).nextBytes(large);
    for (byte[] message : List.of(new byte[] {1, 2}, new byte[0], large)) {
      assertThat(ClientCalls.blockingUnaryCall(channel, ECHO, options(), message))
          .isEqualTo(message);
    }
    assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(channel, FAIL, options(), large))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
              assertThat(e.getStatus().getDescription()).isEqualTo("no");
              assertThat(e.getTrailers().get(DETAIL)).isEqualTo("the detail");
            });
  }

  @Test
  void streamsOfAnswers() {
    Iterator<byte[]> answers =
        ClientCalls.blockingServerStreamingCall(channel, MANY, options(), new byte[] {100});
    for (int i = 0; i < 100; i++) {
      assertThat(answers.next()).containsExactly(i);
    }
    assertThat(answers.hasNext()).isFalse();
  }

  @Test
  void talkInBothDirectionsAtOnce() throws Exception {
    BlockingQueue<String> came = new LinkedBlockingQueue<>();
    StreamObserver<byte[]> requests =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(TALK, options()),
            new StreamObserver<>() {
              @Override
              public void onNext(byte[] value) {
                came.add(new String(value, UTF_8));
              }

              @Override
              public void onError(Throwable cause) {
                came.add("failed " + cause);
              }

              @Override
              public void onCompleted() {
                came.add("completed");
              }
            });
    for (int i = 0; i < 20; i++) {
      requests.onNext(("" + i).getBytes(UTF_8));
      assertThat(came.poll(20, TimeUnit.SECONDS)).isEqualTo("re: " + i);
    }
    requests.onCompleted();
    assertThat(came.poll(20, TimeUnit.SECONDS)).isEqualTo("completed");
  }

  @Test
  void whatSpeaksToTheProxyStaysHere() {
    Metadata headers = new Metadata();
    headers.put(TAG, "t");
    headers.put(DETAIL, "kept");
    ClientCalls.blockingUnaryCall(
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
        ECHO,
        options(),
        new byte[] {1});
    assertThat(asked).hasSize(1);
    assertThat(asked.getFirst().get(DETAIL)).isEqualTo("kept");
    assertThat(asked.getFirst().get(TAG)).isNull();
  }

  @Test
  void aClientThatGivesUpIsToldToTheServer() throws Exception {
    Iterator<byte[]> answers =
        ClientCalls.blockingServerStreamingCall(channel, MANY, options(), new byte[] {0});
    assertThat(answers.next()).containsExactly(0);
    channel.shutdownNow();
    assertThat(cancelled.get(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aServerThatGoesAwayMidwayIsToldToTheClient() throws Exception {
    Iterator<byte[]> answers =
        ClientCalls.blockingServerStreamingCall(channel, MANY, options(), new byte[] {0});
    assertThat(answers.next()).containsExactly(0);
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    assertThatThrownBy(answers::hasNext)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e ->
                assertThat(e.getStatus().getCode())
                    .isIn(Status.Code.CANCELLED, Status.Code.UNAVAILABLE));
  }

  @Test
  void anotherProxyLeadsThere() throws Exception {
    daemon.close();
    try (ProxyDaemon front = ProxyDaemon.inFront(dir.resolve("front"))) {
      daemon =
          ProxyDaemon.behind(front, dir, other.authority(), "rules: [{regex: 'blobs/sha256.*'}]");
      ManagedChannel proxied = channel(name, server.getPort());
      try {
        byte[] message = {1, 2, 3};
        assertThat(ClientCalls.blockingUnaryCall(proxied, ECHO, options(), message))
            .isEqualTo(message);
        Iterator<byte[]> answers =
            ClientCalls.blockingServerStreamingCall(proxied, MANY, options(), new byte[] {0});
        assertThat(answers.next()).containsExactly(0);
        front.daemon().close();
        assertThatThrownBy(answers::hasNext).isInstanceOf(StatusRuntimeException.class);
      } finally {
        proxied.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void anOriginWithoutHttp2AnswersAsItCan() throws Exception {
    ManagedChannel plain = channel("localhost", other.port());
    try {
      assertThatThrownBy(
              () -> ClientCalls.blockingUnaryCall(plain, ECHO, options(), new byte[] {1}))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e ->
                  assertThat(e.getStatus().getCode())
                      .isNotIn(Status.Code.DEADLINE_EXCEEDED, Status.Code.OK));
      assertThat(other.asked("POST localhost /test.Test/Echo")).isEqualTo(1);
    } finally {
      plain.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }
}
