package io.dragonfly.daemon.rpc;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.extension.v1.Held;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells a scheduler of ours of many tasks in one call, {@value #MOST_UNANSWERED} at most before it
 * has answered. For one thread, once.
 */
final class HoldingCall {
  private static final int MOST_UNANSWERED = 64;

  /** For one answer: many hosts may come back to a scheduler at the same time. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Channel channel;
  private final HostId host;
  private final Supplier<PeerId> peerIds;
  private final Queue<TaskKey> unanswered = new ArrayDeque<>();

  /** One for each task that waits, and the end; what a scheduler says beyond that is not kept. */
  private final BlockingQueue<Answer> answers = new ArrayBlockingQueue<>(MOST_UNANSWERED + 1);

  private int taken;

  HoldingCall(Channel channel, HostId host, Supplier<PeerId> peerIds) {
    this.channel = channel;
    this.host = host;
    this.peerIds = peerIds;
  }

  /** See {@link io.dragonfly.daemon.link.SchedulerLine#hold}. */
  int tell(Iterator<StoredTask> tasks, BiConsumer<TaskKey, String> refused)
      throws IOException, InterruptedException {
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      AtomicReference<StreamObserver<Register>> call = new AtomicReference<>();
      context.run(() -> call.set(SwarmGrpc.newStub(channel).hold(new Answers())));
      StreamObserver<Register> told = requireNonNull(call.get());
      while (tasks.hasNext()) {
        StoredTask task = tasks.next();
        Register register = register(task, refused);
        if (register == null) {
          continue;
        }
        if (unanswered.size() == MOST_UNANSWERED) {
          takeAnswer(refused);
        }
        unanswered.add(task.key());
        told.onNext(register);
      }
      told.onCompleted();
      while (!unanswered.isEmpty()) {
        takeAnswer(refused);
      }
      return taken;
    }
  }

  private void takeAnswer(BiConsumer<TaskKey, String> refused)
      throws IOException, InterruptedException {
    Answer answer = answers.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    if (answer == null) {
      throw new IOException("no answer within " + PATIENCE.toSeconds() + " s");
    }
    TaskKey asked = unanswered.remove();
    Held held = answer.held();
    if (held == null) {
      throw new IOException(
          "the call ended without an answer for the task "
              + asked
              + ": "
              + SchedulerCalls.describe(answer.end()));
    }
    if (!held.getTaskId().equals(asked.id().value())) {
      throw new IOException("the scheduler did not answer for the task " + asked);
    }
    if (held.getRefusal().isEmpty()) {
      taken++;
    } else {
      refused.accept(asked, held.getRefusal());
    }
  }

  /** A word of the scheduler, or the end of the call. */
  private record Answer(@Nullable Held held, Status end) {}

  private final class Answers implements StreamObserver<Held> {
    @Override
    public void onNext(Held held) {
      boolean _ = answers.offer(new Answer(held, Status.OK));
    }

    @Override
    public void onError(Throwable failure) {
      boolean _ = answers.offer(new Answer(null, Status.fromThrowable(failure)));
    }

    @Override
    public void onCompleted() {
      boolean _ = answers.offer(new Answer(null, Status.OK));
    }
  }

  /** Null when the task has left the store meanwhile. */
  private @Nullable Register register(StoredTask task, BiConsumer<TaskKey, String> refused) {
    try {
      Register.Builder register =
          Register.newBuilder()
              .setHostId(host.value())
              .setTaskId(task.key().id().value())
              .setPeerId(peerIds.get().value())
              .setDownload(Download.parseFrom(task.origin().download()))
              .setContent(PieceMessages.content(task.content()))
              .setPieces(PieceMessages.bitmap(task.pieces()))
              .setHolderOnly(true);
      task.roots().forEach((number, root) -> register.addRoots(PieceMessages.root(number, root)));
      return register.build();
    } catch (InvalidProtocolBufferException | RuntimeException e) {
      refused.accept(task.key(), "can't be described: " + e);
      return null;
    }
  }
}
