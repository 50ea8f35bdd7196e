package io.dragonfly.daemon.rpc;

import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.storage.TaskKey;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicBoolean;

/** Follows parents over SyncPieces. Messages are taken one by one as the listener takes them. */
public final class ParentFollowing implements PieceSync {
  private final RpcChannels channels;
  private final HostId host;

  public ParentFollowing(RpcChannels channels, HostId host) {
    this.channels = channels;
    this.host = host;
  }

  @Override
  public AutoCloseable follow(
      ParentInfo parent, TaskKey task, BitSet interested, Listener listener) {
    HostPort address;
    try {
      address = new HostPort(parent.ip(), parent.port());
    } catch (IllegalArgumentException e) {
      // One parent that a scheduler describes wrongly must not cost the download the others.
      listener.failed("the parent's address can't be used: " + e.getMessage());
      return () -> {};
    }
    SyncPiecesRequest request =
        SyncPiecesRequest.newBuilder()
            .setHostId(host.value())
            .setTaskId(task.id().value())
            .addAllInterestedPieceNumbers(() -> interested.stream().iterator())
            .build();
    ClientCall<SyncPiecesRequest, SyncPiecesResponse> call =
        channels
            .channel(address)
            .newCall(DfdaemonUploadGrpc.getSyncPiecesMethod(), CallOptions.DEFAULT);
    AtomicBoolean silent = new AtomicBoolean();
    call.start(new Following(call, parent, listener, silent), new Metadata());
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
    return () -> {
      silent.set(true);
      call.cancel("no longer interested", null);
    };
  }

  private static final class Following extends ClientCall.Listener<SyncPiecesResponse> {
    private final ClientCall<SyncPiecesRequest, SyncPiecesResponse> call;
    private final ParentInfo parent;
    private final Listener listener;
    private final AtomicBoolean silent;
    private boolean featuresTold;

    Following(
        ClientCall<SyncPiecesRequest, SyncPiecesResponse> call,
        ParentInfo parent,
        Listener listener,
        AtomicBoolean silent) {
      this.call = call;
      this.parent = parent;
      this.listener = listener;
      this.silent = silent;
    }

    @Override
    public void onHeaders(Metadata headers) {
      tellFeatures(SchedulerCalls.EXTENSION_VERSION.equals(headers.get(SchedulerCalls.EXTENSION)));
    }

    private void tellFeatures(boolean extension) {
      if (!featuresTold && !silent.get()) {
        featuresTold = true;
        listener.features(extension);
      }
    }

    @Override
    public void onMessage(SyncPiecesResponse piece) {
      call.request(1);
      if (silent.get()) {
        return;
      }
      tellFeatures(false);
      int port = piece.getTcpPort();
      if (piece.getNumber() < 0
          || piece.getOffset() < 0
          || piece.getLength() < 0
          || port < 1
          || port > 65_535) {
        // A parent that serves over QUIC only, or one that talks nonsense.
        call.cancel("piece " + piece.getNumber() + " at port " + port + " can't be used", null);
        return;
      }
      listener.piece(
          piece.getNumber(),
          piece.getOffset(),
          piece.getLength(),
          piece.getIp().isEmpty() ? parent.ip() : piece.getIp(),
          port);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (silent.getAndSet(true)) {
        return;
      }
      if (status.isOk()) {
        if (!featuresTold) {
          featuresTold = true;
          listener.features(false);
        }
        listener.ended();
      } else {
        listener.failed(SchedulerCalls.describe(status));
      }
    }
  }
}
