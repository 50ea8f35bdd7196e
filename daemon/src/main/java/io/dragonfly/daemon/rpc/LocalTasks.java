package io.dragonfly.daemon.rpc;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.ListLocalTasksResponse;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskResponse;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;

/**
 * What can be asked about tasks, the same on the unix socket and on the upload port. Looking at the
 * store reads disks and asking schedulers waits for them, so each answer is made on a virtual
 * thread.
 */
final class LocalTasks {
  private final PieceStore store;
  private final SchedulerCalls schedulers;
  private final ExecutorService threads;
  private final DaemonCounters counters;

  LocalTasks(
      PieceStore store,
      SchedulerCalls schedulers,
      ExecutorService threads,
      DaemonCounters counters) {
    this.store = store;
    this.schedulers = schedulers;
    this.threads = threads;
    this.counters = counters;
  }

  void stat(String taskId, StreamObserver<Task> answers) {
    answer("stat_task", answers, () -> schedulers.statTask(task(taskId)));
  }

  void statLocal(String taskId, StreamObserver<StatLocalTaskResponse> answers) {
    answer("stat_local_task", answers, () -> describe(find(task(taskId))));
  }

  void listLocal(StreamObserver<ListLocalTasksResponse> answers) {
    answer(
        "list_local_tasks",
        answers,
        () -> {
          ListLocalTasksResponse.Builder list = ListLocalTasksResponse.newBuilder();
          for (StoredTask task : store.list(Kind.TASK)) {
            list.addTasks(describe(task));
          }
          return list.build();
        });
  }

  void deleteLocal(String taskId, StreamObserver<Empty> answers) {
    answer(
        "delete_local_task",
        answers,
        () -> {
          deleteHere(task(taskId));
          return Empty.getDefaultInstance();
        });
  }

  void delete(String taskId, StreamObserver<Empty> answers) {
    answer(
        "delete_task",
        answers,
        () -> {
          TaskId id = task(taskId);
          deleteHere(id);
          schedulers.deleteTask(id);
          return Empty.getDefaultInstance();
        });
  }

  void deleteHost(StreamObserver<Empty> answers) {
    answer(
        "delete_host",
        answers,
        () -> {
          schedulers.leaveAll();
          return Empty.getDefaultInstance();
        });
  }

  private void deleteHere(TaskId id) {
    if (!store.delete(new TaskKey(Kind.TASK, id))) {
      throw notFound(id);
    }
  }

  private StoredTask find(TaskId id) {
    return store.find(new TaskKey(Kind.TASK, id)).orElseThrow(() -> notFound(id));
  }

  private static StatusRuntimeException notFound(TaskId id) {
    return Status.NOT_FOUND
        .withDescription("task " + id.value() + " not found on this host")
        .asRuntimeException();
  }

  /**
   * The id in a request.
   *
   * @throws StatusRuntimeException INVALID_ARGUMENT
   */
  static TaskId task(String text) {
    try {
      return new TaskId(text);
    } catch (IllegalArgumentException e) {
      throw Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException();
    }
  }

  private static StatLocalTaskResponse describe(StoredTask task) {
    StatLocalTaskResponse.Builder answer =
        StatLocalTaskResponse.newBuilder()
            .setTaskId(task.key().id().value())
            .putAllResponseHeader(task.content().headers())
            .setUploadingCount(task.uploadingCount())
            .setUploadedCount(task.uploadedCount())
            .setCreatedAt(ProtoTime.timestamp(task.createdAt()))
            .setUpdatedAt(ProtoTime.timestamp(task.updatedAt()));
    task.content().length().ifPresent(answer::setContentLength);
    if (task.content().pieceLength() > 0) {
      answer.setPieceLength(task.content().pieceLength());
    }
    task.prefetchedAt().ifPresent(at -> answer.setPrefetchedAt(ProtoTime.timestamp(at)));
    task.failedAt().ifPresent(at -> answer.setFailedAt(ProtoTime.timestamp(at)));
    task.finishedAt().ifPresent(at -> answer.setFinishedAt(ProtoTime.timestamp(at)));
    return answer.build();
  }

  private <T> void answer(String name, StreamObserver<T> answers, Callable<T> work) {
    threads.execute(() -> {
      counters.asked(name);
      T answer;
      try {
        answer = work.call();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        counters.failed(name);
        answers.onError(Status.CANCELLED.withDescription("the daemon stops").asException());
        return;
      } catch (Exception e) {
        counters.failed(name);
        // Statuses pass; whatever else is logged and worded by the server's boundary.
        answers.onError(e);
        return;
      }
      answers.onNext(answer);
      answers.onCompleted();
    });
  }
}
