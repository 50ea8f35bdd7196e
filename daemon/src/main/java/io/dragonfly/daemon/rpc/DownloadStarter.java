package io.dragonfly.daemon.rpc;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.output.OutputException;
import io.dragonfly.daemon.output.OutputFile;
import io.dragonfly.daemon.output.OutputTarget;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;

/** Begins the DownloadTask calls of both services. */
final class DownloadStarter {
  private final Downloads downloads;
  private final HostId host;
  private final MemoryLimit memory;
  private final DaemonCounters counters;
  private final ExecutorService threads;
  private final Duration stall;

  /** Opens the file a caller named, with whatever rights this caller has. */
  interface FileOpener {
    OutputFile open(OutputTarget target) throws OutputException;
  }

  /**
   * @param threads one for each call
   * @param stall a caller that takes nothing for this long is given up
   */
  DownloadStarter(
      Downloads downloads,
      HostId host,
      MemoryLimit memory,
      DaemonCounters counters,
      ExecutorService threads,
      Duration stall) {
    this.downloads = downloads;
    this.host = host;
    this.memory = memory;
    this.counters = counters;
    this.threads = threads;
    this.stall = stall;
  }

  void start(
      DownloadTaskRequest message, StreamObserver<DownloadTaskResponse> answers, FileOpener files) {
    Download download = message.getDownload();
    DownloadCall call =
        new DownloadCall(
            host,
            memory,
            counters,
            stall,
            download.getNeedPieceContent(),
            !download.getOutputPath().isEmpty(),
            (ServerCallStreamObserver<DownloadTaskResponse>) answers);
    DownloadRequest request;
    try {
      request = DownloadMessages.request(download);
    } catch (IllegalArgumentException e) {
      answers.onError(
          Status.INVALID_ARGUMENT
              .withDescription("The download can't be understood: " + e.getMessage())
              .asException());
      return;
    }
    call.run(
        threads,
        downloads,
        request,
        () ->
            download.getOutputPath().isEmpty()
                ? Optional.empty()
                : Optional.of(files.open(target(download))));
  }

  private static OutputTarget target(Download download) throws OutputException {
    try {
      return new OutputTarget(
          Path.of(download.getOutputPath()), download.getOverwrite(), download.getForceHardLink());
    } catch (InvalidPathException e) {
      throw OutputException.invalid("The output path is not a path: " + e.getReason());
    }
  }
}
