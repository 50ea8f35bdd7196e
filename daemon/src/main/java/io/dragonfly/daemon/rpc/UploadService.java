package io.dragonfly.daemon.rpc;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.DeleteTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskResponse;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.api.dfdaemon.v2.SyncHostRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.daemon.output.OutputException;
import io.dragonfly.daemon.output.OutputFile;
import io.dragonfly.daemon.output.OutputTarget;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** What other peers and the schedulers ask for on the upload port. */
final class UploadService extends DfdaemonUploadGrpc.DfdaemonUploadImplBase {
  private final DownloadStarter downloads;
  private final LocalTasks tasks;
  private final PieceFollowers pieces;
  private final HostFollowers hosts;
  private final boolean allowOutputPath;

  UploadService(
      DownloadStarter downloads,
      LocalTasks tasks,
      PieceFollowers pieces,
      HostFollowers hosts,
      boolean allowOutputPath) {
    this.downloads = downloads;
    this.tasks = tasks;
    this.pieces = pieces;
    this.hosts = hosts;
    this.allowOutputPath = allowOutputPath;
  }

  @Override
  public void downloadTask(
      DownloadTaskRequest request, StreamObserver<DownloadTaskResponse> answers) {
    downloads.start(request, answers, this::open);
  }

  private OutputFile open(OutputTarget target) throws OutputException {
    if (!allowOutputPath) {
      throw OutputException.denied(
          "The output file "
              + target.path()
              + " is refused because the request came over the network: ask on the daemon's unix"
              + " socket, or set upload.server.allowOutputPath");
    }
    return OutputFile.create(target);
  }

  @Override
  public void statTask(StatTaskRequest request, StreamObserver<Task> answers) {
    tasks.stat(request.getTaskId(), answers);
  }

  @Override
  public void statLocalTask(
      StatLocalTaskRequest request, StreamObserver<StatLocalTaskResponse> answers) {
    tasks.statLocal(request.getTaskId(), answers);
  }

  @Override
  public void deleteTask(DeleteTaskRequest request, StreamObserver<Empty> answers) {
    tasks.delete(request.getTaskId(), answers);
  }

  @Override
  public void syncPieces(SyncPiecesRequest request, StreamObserver<SyncPiecesResponse> answers) {
    pieces.follow(
        request,
        CallerExtension.isSpoken(),
        (ServerCallStreamObserver<SyncPiecesResponse>) answers);
  }

  @Override
  public void syncHost(SyncHostRequest request, StreamObserver<Host> answers) {
    hosts.follow((ServerCallStreamObserver<Host>) answers);
  }
}
