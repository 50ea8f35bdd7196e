package io.dragonfly.lab.upstream;

import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Network;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.SyncHostRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What the stand-in serves to other hosts and to the scheduler that triggers it. */
final class UpstreamUpload extends DfdaemonUploadGrpc.DfdaemonUploadImplBase {
  private final UpstreamDaemon daemon;

  UpstreamUpload(UpstreamDaemon daemon) {
    this.daemon = daemon;
  }

  @Override
  public void downloadTask(
      DownloadTaskRequest request, StreamObserver<DownloadTaskResponse> responses) {
    daemon.threads.execute(() -> {
      try {
        String taskId = UpstreamTaskId.of(request.getDownload());
        daemon.download(request.getDownload(), taskId);
        responses.onNext(
            DownloadTaskResponse.newBuilder().setHostId(daemon.hostId()).setTaskId(taskId).build());
        responses.onCompleted();
      } catch (IOException e) {
        responses.onError(Status.INTERNAL.withDescription(e.getMessage()).asException());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IllegalStateException e) {
        // The call was cancelled; the content stays for whoever asks next.
      }
    });
  }

  @Override
  public void syncPieces(SyncPiecesRequest request, StreamObserver<SyncPiecesResponse> responses) {
    UpstreamContent content = daemon.contents.get(request.getTaskId());
    if (content == null || content.isFailed()) {
      responses.onError(
          Status.INTERNAL
              .withDescription("task " + request.getTaskId() + " not found")
              .asException());
      return;
    }
    ServerCallStreamObserver<SyncPiecesResponse> call =
        (ServerCallStreamObserver<SyncPiecesResponse>) responses;
    // Without a handler a cancelled call would throw where it is answered.
    call.setOnCancelHandler(() -> {});
    daemon.threads.execute(() -> announce(content, request.getInterestedPieceNumbersList(), call));
  }

  private void announce(
      UpstreamContent content,
      List<Integer> interested,
      ServerCallStreamObserver<SyncPiecesResponse> responses) {
    boolean finishedAtStart = content.isFinished();
    List<Integer> open = new ArrayList<>(interested);
    try {
      while (!open.isEmpty() && !responses.isCancelled()) {
        open.removeIf(number -> announce(content, number, responses));
        if (finishedAtStart) {
          break;
        }
        content.awaitChange(100);
      }
      responses.onCompleted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean announce(
      UpstreamContent content, int number, StreamObserver<SyncPiecesResponse> responses) {
    return content
        .piece(number)
        .map(piece -> {
          responses.onNext(
              SyncPiecesResponse.newBuilder()
                  .setNumber(number)
                  .setOffset(piece.offset())
                  .setLength(piece.length())
                  .setIp(daemon.address)
                  .setTcpPort(daemon.pieces.port())
                  .build());
          return true;
        })
        .orElse(false);
  }

  @Override
  public void syncHost(SyncHostRequest request, StreamObserver<Host> responses) {
    ServerCallStreamObserver<Host> call = (ServerCallStreamObserver<Host>) responses;
    call.setOnCancelHandler(() -> {});
    daemon.threads.execute(() -> {
      try {
        while (!call.isCancelled()) {
          call.onNext(
              Host.newBuilder()
                  .setNetwork(Network.newBuilder().setMaxTxBandwidth(10_000_000_000L))
                  .build());
          Thread.sleep(1000);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
  }
}
