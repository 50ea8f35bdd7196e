package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Follows parents over SyncPieces. Messages are taken one by one as the listener takes them. A
 * parent that says nothing for too long ({@code download.collectedPieceTimeout}) has failed.
 */
public final class ParentFollowing implements PieceSync {
  private final RpcChannels channels;
  private final HostId host;
  private final boolean quic;
  private final Duration patience;
  private final ScheduledExecutorService timer;

  /**
   * @param quic whether parents of ours are asked for pieces over QUIC; all others over TCP
   * @param patience the longest time between two messages of a parent
   * @param timer ends the calls of those that are silent for longer
   */
  public ParentFollowing(
      RpcChannels channels,
      HostId host,
      boolean quic,
      Duration patience,
      ScheduledExecutorService timer) {
    this.channels = channels;
    this.host = host;
    this.quic = quic;
    this.patience = patience;
    this.timer = timer;
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
    Metadata headers = new Metadata();
    headers.put(SchedulerCalls.EXTENSION, SchedulerCalls.EXTENSION_VERSION);
    Following following = new Following(call, parent, listener, silent);
    call.start(following, headers);
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
    following.watch(patience.toNanos());
    return () -> {
      silent.set(true);
      following.unwatch();
      call.cancel("no longer interested", null);
    };
  }

  private final class Following extends ClientCall.Listener<SyncPiecesResponse> {
    private final ClientCall<SyncPiecesRequest, SyncPiecesResponse> call;
    private final ParentInfo parent;
    private final Listener listener;
    private final AtomicBoolean silent;
    private boolean featuresTold;
    private boolean ours;
    private volatile long heardAt = System.nanoTime();

    @GuardedBy("this")
    private @Nullable Future<?> check;

    @GuardedBy("this")
    private boolean over;

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

    /** Looks again when the time would be over. */
    synchronized void watch(long nanos) {
      if (!over) {
        try {
          check = timer.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
          over = true; // the daemon stops, and ends the call with its connections
        }
      }
    }

    synchronized void unwatch() {
      over = true;
      Future<?> planned = check;
      if (planned != null) {
        planned.cancel(false);
      }
    }

    private void check() {
      long left = patience.toNanos() - (System.nanoTime() - heardAt);
      if (left > 0) {
        watch(left);
      } else {
        call.cancel(
            "the parent has said nothing for "
                + patience.toMillis()
                + " ms (download.collectedPieceTimeout)",
            null);
      }
    }

    @Override
    public void onHeaders(Metadata headers) {
      tellFeatures(SchedulerCalls.EXTENSION_VERSION.equals(headers.get(SchedulerCalls.EXTENSION)));
    }

    private void tellFeatures(boolean extension) {
      if (!featuresTold && !silent.get()) {
        featuresTold = true;
        ours = extension;
        listener.features(extension);
      }
    }

    @Override
    public void onMessage(SyncPiecesResponse piece) {
      call.request(1);
      heardAt = System.nanoTime();
      if (silent.get()) {
        return;
      }
      tellFeatures(false);
      int port = quic && ours ? piece.getQuicPort() : piece.getTcpPort();
      if (piece.getNumber() < 0
          || piece.getOffset() < 0
          || piece.getLength() < 0
          || port < 1
          || port > 65_535) {
        // A parent that serves over the other protocol only, or one that talks nonsense.
        call.cancel("piece " + piece.getNumber() + " at port " + port + " can't be used", null);
        return;
      }
      String ip = piece.getIp().isEmpty() ? parent.ip() : piece.getIp();
      if (ours && piece.getLength() == 0) {
        listener.begun(piece.getNumber(), ip, port);
      } else {
        listener.piece(piece.getNumber(), piece.getOffset(), piece.getLength(), ip, port);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      unwatch();
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
