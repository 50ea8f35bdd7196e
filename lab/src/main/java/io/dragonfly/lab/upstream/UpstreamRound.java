package io.dragonfly.lab.upstream;

import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.SyncHostRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One round with a fixed set of parents: follows what they announce and takes each piece once. */
final class UpstreamRound {
  /** A piece that no parent delivered, with the one that was asked last. */
  record Failure(int number, String parentId) {}

  private record Announced(Peer parent, @Nullable SyncPiecesResponse piece) {}

  private static final int CONNECT_TIMEOUT_MILLIS = 2000;
  private static final int PIECE_TIMEOUT_MILLIS = 30_000;

  private final UpstreamDaemon daemon;
  private final String taskId;
  private final String peerId;
  private final UpstreamContent content;
  private final List<Peer> parents;
  private final BlockingQueue<Announced> announced = new LinkedBlockingQueue<>();
  private final List<ManagedChannel> channels = new ArrayList<>();

  UpstreamRound(
      UpstreamDaemon daemon,
      String taskId,
      String peerId,
      UpstreamContent content,
      List<Peer> parents) {
    this.daemon = daemon;
    this.taskId = taskId;
    this.peerId = peerId;
    this.content = content;
    this.parents = parents;
  }

  /** Ends when every piece is here or every parent has ended its announcements. */
  List<Failure> run(Consumer<UpstreamContent.Piece> kept) throws InterruptedException {
    List<Failure> failures = new ArrayList<>();
    try {
      List<Integer> wanted = UpstreamChild.missing(content);
      parents.forEach(parent -> follow(parent, wanted));
      int open = parents.size();
      while (open > 0 && !content.isFinished()) {
        Announced next = announced.poll(60, TimeUnit.SECONDS);
        if (next == null) {
          break;
        }
        if (next.piece() == null) {
          open--;
        } else if (content.piece(next.piece().getNumber()).isEmpty()) {
          take(next.parent(), next.piece(), kept, failures);
        }
      }
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
    failures.removeIf(failure -> content.piece(failure.number()).isPresent());
    return failures;
  }

  private void take(
      Peer parent,
      SyncPiecesResponse announcement,
      Consumer<UpstreamContent.Piece> kept,
      List<Failure> failures) {
    try {
      kept.accept(fetch(parent, announcement));
    } catch (IOException e) {
      daemon.violations.add("piece " + announcement.getNumber() + ": " + e.getMessage());
      failures.add(new Failure(announcement.getNumber(), parent.getId()));
    }
  }

  private UpstreamContent.Piece fetch(Peer parent, SyncPiecesResponse announcement)
      throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(announcement.getIp(), announcement.getTcpPort()),
          CONNECT_TIMEOUT_MILLIS);
      socket.setSoTimeout(PIECE_TIMEOUT_MILLIS);
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      PieceFrames.writeRequest(out, taskId, announcement.getNumber());
      PieceFrames.Metadata metadata = PieceFrames.readAnswer(in);
      long length = content.lengthOf(announcement.getNumber());
      byte[] bytes = in.readNBytes((int) length);
      if (bytes.length != length || metadata.length() != length) {
        throw new IOException("expected " + length + " bytes, got " + bytes.length);
      }
      if (!metadata.digest().isEmpty()
          && !metadata.digest().equals(UpstreamContent.digest(bytes))) {
        throw new IOException("checksum " + metadata.digest() + " does not fit");
      }
      return content.keep(announcement.getNumber(), metadata.offset(), bytes, parent.getId());
    }
  }

  private void follow(Peer parent, List<Integer> wanted) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(parent.getHost().getIp(), parent.getHost().getPort())
            .usePlaintext()
            .intercept(new HeadersInTime(daemon.violations))
            .build();
    channels.add(channel);
    DfdaemonUploadGrpc.DfdaemonUploadStub stub = DfdaemonUploadGrpc.newStub(channel);
    stub.syncHost(
        SyncHostRequest.newBuilder().setHostId(daemon.hostId()).setPeerId(peerId).build(),
        new Ignoring());
    stub.syncPieces(
        SyncPiecesRequest.newBuilder()
            .setHostId(daemon.hostId())
            .setTaskId(taskId)
            .addAllInterestedPieceNumbers(wanted)
            .build(),
        new StreamObserver<>() {
          @Override
          public void onNext(SyncPiecesResponse piece) {
            announced.add(new Announced(parent, piece));
          }

          @Override
          public void onError(Throwable t) {
            announced.add(new Announced(parent, null));
          }

          @Override
          public void onCompleted() {
            announced.add(new Announced(parent, null));
          }
        });
  }

  private static final class Ignoring implements StreamObserver<Host> {
    @Override
    public void onNext(Host host) {}

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }

  /**
   * Puts {@code grpc-timeout: 10S} on the call without enforcing it here, as the Rust client's
   * library does: only the response headers have to come within that time.
   */
  private record HeadersInTime(Violations violations) implements ClientInterceptor {
    private static final Metadata.Key<String> TIMEOUT =
        Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          headers.put(TIMEOUT, UpstreamDaemon.CALL_TIMEOUT_SECONDS + "S");
          long start = System.nanoTime();
          super.start(
              new SimpleForwardingClientCallListener<>(listener) {
                @Override
                public void onHeaders(Metadata response) {
                  long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
                  if (seconds >= UpstreamDaemon.CALL_TIMEOUT_SECONDS) {
                    violations.add(method.getFullMethodName() + " headers after " + seconds + " s");
                  }
                  super.onHeaders(response);
                }
              },
              headers);
        }
      };
    }
  }
}
