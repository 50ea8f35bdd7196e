package io.dragonfly.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Network;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A strict client: it checks every field that upstream's program would need, and the order of
 * things.
 */
final class TestClient implements AutoCloseable {
  static final long PIECE = 4 << 20;
  private static final long PATIENCE_SECONDS = 20;

  final ManagedChannel channel;
  final SchedulerGrpc.SchedulerBlockingStub scheduler;

  TestClient(int port) {
    channel =
        Grpc.newChannelBuilderForAddress("127.0.0.1", port, InsecureChannelCredentials.create())
            .build();
    scheduler = SchedulerGrpc.newBlockingStub(channel);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  static Host host(String name, int type, int port) {
    return Host.newBuilder()
        .setId(name)
        .setType(type)
        .setHostname(name)
        .setIp("127.0.0.1")
        .setPort(port)
        .setDownloadPort(port)
        .setOs("linux")
        .setNetwork(Network.newBuilder().setIdc("idc").setMaxTxBandwidth(1000))
        .setName("pretty " + name)
        .build();
  }

  void announce(String name, int type, int port) {
    assertThat(
            scheduler.announceHost(
                AnnounceHostRequest.newBuilder()
                    .setHost(host(name, type, port))
                    .setInterval(Duration.newBuilder().setSeconds(300))
                    .build()))
        .isNotNull();
  }

  static Download.Builder download(int pieces) {
    return Download.newBuilder()
        .setUrl("http://user:secret@origin.example/file?signature=secret")
        .putRequestHeader("Authorization", "Bearer secret")
        .setActualContentLength(pieces * PIECE)
        .setActualPieceLength(PIECE)
        .setActualPieceCount(pieces);
  }

  UpstreamPeer upstream(String task, String name) {
    return new UpstreamPeer(channel, task, name);
  }

  JoinedPeer join() {
    return new JoinedPeer(channel);
  }

  /** A bidirectional call by hand: headers, messages and the end as they come. */
  abstract static class Call<I, O> {
    final BlockingQueue<O> messages = new LinkedBlockingQueue<>();
    final CompletableFuture<Metadata> headers = new CompletableFuture<>();
    final CompletableFuture<Status> status = new CompletableFuture<>();
    private final ClientCall<I, O> call;

    Call(ManagedChannel channel, MethodDescriptor<I, O> method) {
      call = channel.newCall(method, CallOptions.DEFAULT);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onHeaders(Metadata received) {
              headers.complete(received);
            }

            @Override
            public void onMessage(O message) {
              messages.add(message);
            }

            @Override
            public void onClose(Status closed, Metadata trailers) {
              headers.completeExceptionally(closed.asRuntimeException());
              status.complete(closed);
            }
          },
          new Metadata());
      call.request(Integer.MAX_VALUE);
    }

    void send(I message) {
      call.sendMessage(message);
    }

    void halfClose() {
      call.halfClose();
    }

    void cancel() {
      call.cancel("test", null);
    }

    O next() {
      @Nullable O message;
      try {
        message = messages.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      if (message == null) {
        throw new AssertionError("nothing came; the call is " + status.getNow(Status.OK));
      }
      return message;
    }

    void expectHeaders() {
      assertThat(headers).succeedsWithin(java.time.Duration.ofSeconds(PATIENCE_SECONDS));
    }

    Status end() {
      assertThat(status).succeedsWithin(java.time.Duration.ofSeconds(PATIENCE_SECONDS));
      return status.join();
    }

    void expectSilence(long millis) throws InterruptedException {
      assertThat(messages.poll(millis, TimeUnit.MILLISECONDS)).isNull();
    }
  }

  /** One upstream peer. The peer "a-1" belongs to host "a". */
  static final class UpstreamPeer extends Call<AnnouncePeerRequest, AnnouncePeerResponse> {
    private final AnnouncePeerRequest envelope;

    UpstreamPeer(ManagedChannel channel, String task, String name) {
      super(channel, SchedulerGrpc.getAnnouncePeerMethod());
      envelope =
          AnnouncePeerRequest.newBuilder()
              .setHostId(name.substring(0, name.lastIndexOf('-')))
              .setTaskId(task)
              .setPeerId(name)
              .build();
    }

    AnnouncePeerRequest.Builder message() {
      return envelope.toBuilder();
    }

    UpstreamPeer register(Download.Builder download) {
      AnnouncePeerRequest.Builder message = message();
      message.getRegisterPeerRequestBuilder().setDownload(download);
      send(message.build());
      return this;
    }

    void started() {
      AnnouncePeerRequest.Builder message = message();
      message.getDownloadPeerStartedRequestBuilder();
      send(message.build());
    }

    void originStarted() {
      AnnouncePeerRequest.Builder message = message();
      message.getDownloadPeerBackToSourceStartedRequestBuilder();
      send(message.build());
    }

    void piece(int number, boolean fromOrigin) {
      AnnouncePeerRequest.Builder message = message();
      Piece.Builder piece =
          Piece.newBuilder()
              .setNumber(number)
              .setOffset(number * PIECE)
              .setLength(PIECE)
              .setDigest("crc32:1")
              .setTrafficType(fromOrigin ? TrafficType.BACK_TO_SOURCE : TrafficType.REMOTE_PEER)
              .setCost(Duration.newBuilder().setNanos(1000))
              .setCreatedAt(Timestamp.newBuilder().setSeconds(1));
      if (fromOrigin) {
        message.getDownloadPieceBackToSourceFinishedRequestBuilder().setPiece(piece);
      } else {
        message.getDownloadPieceFinishedRequestBuilder().setPiece(piece);
      }
      send(message.build());
    }

    void finished(boolean fromOrigin) {
      AnnouncePeerRequest.Builder message = message();
      if (fromOrigin) {
        message.getDownloadPeerBackToSourceFinishedRequestBuilder();
      } else {
        message.getDownloadPeerFinishedRequestBuilder();
      }
      send(message.build());
    }
  }

  /** One peer of ours. */
  static final class JoinedPeer extends Call<JoinRequest, JoinResponse> {
    JoinedPeer(ManagedChannel channel) {
      super(channel, SwarmGrpc.getJoinMethod());
    }

    JoinedPeer register(String host, String task, String peer, Download.Builder download) {
      JoinRequest.Builder message = JoinRequest.newBuilder();
      message
          .getRegisterBuilder()
          .setHostId(host)
          .setTaskId(task)
          .setPeerId(peer)
          .setDownload(download);
      send(message.build());
      return this;
    }
  }
}
