package io.dragonfly.daemon.rpc;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.DeleteLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DeleteTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.ListLocalTasksRequest;
import io.dragonfly.api.dfdaemon.v2.ListLocalTasksResponse;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskResponse;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.daemon.output.Caller;
import io.dragonfly.daemon.output.OutputException;
import io.dragonfly.daemon.output.OutputFile;
import io.dragonfly.daemon.output.OutputRights;
import io.dragonfly.daemon.output.OutputTarget;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.stub.StreamObserver;

/** What users of this machine ask for on the unix socket. */
final class DownloadService extends DfdaemonDownloadGrpc.DfdaemonDownloadImplBase {
  private static final Context.Key<Caller> CALLER = Context.key("caller");

  private final DownloadStarter downloads;
  private final LocalTasks tasks;
  private final OutputRights rights;

  DownloadService(DownloadStarter downloads, LocalTasks tasks, OutputRights rights) {
    this.downloads = downloads;
    this.tasks = tasks;
    this.rights = rights;
  }

  /** Carries who calls from the connection to the service. */
  static final class CallerOfConnection implements ServerInterceptor {
    @Override
    public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
        ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
      if (call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof Caller caller) {
        return Contexts.interceptCall(
            Context.current().withValue(CALLER, caller), call, headers, next);
      }
      return next.startCall(call, headers);
    }
  }

  @Override
  public void downloadTask(
      DownloadTaskRequest request, StreamObserver<DownloadTaskResponse> answers) {
    Caller caller = CALLER.get();
    downloads.start(request, answers, target -> open(target, caller));
  }

  private OutputFile open(OutputTarget target, Caller caller) throws OutputException {
    if (caller == null) {
      throw OutputException.denied(
          "The output file " + target.path() + " is refused: the caller is not known");
    }
    return OutputFile.create(target, rights, caller);
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
  public void listLocalTasks(
      ListLocalTasksRequest request, StreamObserver<ListLocalTasksResponse> answers) {
    tasks.listLocal(answers);
  }

  @Override
  public void deleteTask(DeleteTaskRequest request, StreamObserver<Empty> answers) {
    tasks.delete(request.getTaskId(), answers);
  }

  @Override
  public void deleteLocalTask(DeleteLocalTaskRequest request, StreamObserver<Empty> answers) {
    tasks.deleteLocal(request.getTaskId(), answers);
  }

  @Override
  public void deleteHost(Empty request, StreamObserver<Empty> answers) {
    tasks.deleteHost(answers);
  }
}
