package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * The SyncPieces streams: children hear which of the pieces they want are here, and of others as
 * soon as they come in. A download that runs but does not know its content yet has nothing in the
 * store; its children wait for a bounded time.
 */
final class PieceFollowers {
  private static final int MOST_PIECES = 1 << 20;
  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  private final PieceStore store;
  private final Predicate<TaskId> isDownloading;
  private final ScheduledExecutorService timer;
  private final Executor threads;
  private final Duration patience;
  private final String ip;
  private final IntSupplier tcpPort;
  private final IntSupplier quicPort;
  private final boolean seed;

  @GuardedBy("news")
  private final SplittableRandom random = new SplittableRandom();

  @GuardedBy("news")
  private final Map<StoredTask, TaskNews> news = new HashMap<>();

  /**
   * @param patience how long a child waits for a download that has not begun to store
   * @param ip where other peers reach this host
   * @param tcpPort of the piece server
   * @param quicPort of the one over QUIC; 0 for none
   * @param seed whether this host reads origins for others
   */
  PieceFollowers(
      PieceStore store,
      Predicate<TaskId> isDownloading,
      ScheduledExecutorService timer,
      Executor threads,
      Duration patience,
      String ip,
      IntSupplier tcpPort,
      IntSupplier quicPort,
      boolean seed) {
    this.store = store;
    this.isDownloading = isDownloading;
    this.timer = timer;
    this.threads = threads;
    this.patience = patience;
    this.ip = ip;
    this.tcpPort = tcpPort;
    this.quicPort = quicPort;
    this.seed = seed;
  }

  /**
   * @param relays whether the child also takes pieces that are still coming in; these are told with
   *     length 0
   */
  void follow(
      SyncPiecesRequest request,
      boolean relays,
      ServerCallStreamObserver<SyncPiecesResponse> answers) {
    Optional<TaskId> task = TaskId.parse(request.getTaskId());
    if (task.isEmpty() || !isPossible(request.getInterestedPieceNumbersList())) {
      answers.onError(
          Status.INVALID_ARGUMENT
              .withDescription(
                  "a task id and at most "
                      + MOST_PIECES
                      + " piece numbers are needed, each below "
                      + MOST_PIECES)
              .asException());
      return;
    }
    PieceFollower follower =
        new PieceFollower(
            request.getInterestedPieceNumbersList(),
            relays ? Optional.of(this::tell) : Optional.empty(),
            piece -> message(piece.number(), piece.offset(), piece.length(), relays),
            number -> message(number, 0, 0, relays),
            answers);
    long deadline = System.nanoTime() + patience.toNanos();
    // The store reads what it has not used lately from disk; the event loop must not wait for that.
    threads.execute(() -> look(task.get(), follower, deadline));
  }

  private StoreListener.Registration tell(StoredTask task, PieceFollower child, BitSet wanted) {
    TaskNews present;
    synchronized (news) {
      present =
          news.computeIfAbsent(task, _ -> new TaskNews(task, seed, random.split(), timer, threads));
      present.add(child);
    }
    present.begin(child, wanted);
    return () -> {
      synchronized (news) {
        if (present.remove(child)) {
          news.remove(task, present);
        }
      }
      present.leave(child);
    };
  }

  /** Upstream's children cannot speak QUIC with us, so they are told of no port for it. */
  private SyncPiecesResponse message(int number, long offset, long length, boolean ours) {
    return SyncPiecesResponse.newBuilder()
        .setNumber(number)
        .setOffset(offset)
        .setLength(length)
        .setIp(ip)
        .setTcpPort(tcpPort.getAsInt())
        .setQuicPort(ours ? quicPort.getAsInt() : 0)
        .build();
  }

  /** A number costs memory in proportion to itself, and the length may not be known yet. */
  private static boolean isPossible(List<Integer> numbers) {
    return numbers.size() <= MOST_PIECES
        && numbers.stream().allMatch(number -> number >= 0 && number < MOST_PIECES);
  }

  private void look(TaskId id, PieceFollower follower, long deadline) {
    if (follower.isOver()) {
      return;
    }
    Optional<StoredTask> task = store.find(new TaskKey(Kind.TASK, id));
    if (task.isPresent()) {
      if (task.get().failedAt().isPresent()
          && task.get().pieces().isEmpty()
          && !isDownloading.test(id)) {
        // Upstream's children look at the code, its users at the text.
        follower.fail(Status.INTERNAL.withDescription("task " + id.value() + " failed"));
        return;
      }
      follower.begin(task.get());
      return;
    }
    if (!isDownloading.test(id) || System.nanoTime() - deadline > 0) {
      follower.fail(Status.INTERNAL.withDescription("task " + id.value() + " not found"));
      return;
    }
    ScheduledFuture<?> _ =
        timer.schedule(
            () -> threads.execute(() -> look(id, follower, deadline)),
            LOOK_AGAIN.toMillis(),
            TimeUnit.MILLISECONDS);
  }
}
