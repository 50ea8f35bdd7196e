package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One child that follows one task. It hears of the pieces it asked for in the order it asked for
 * them as far as they are here, then of others as they come in, each once. The stream ends when it
 * has heard of all, and with an error when the task leaves the store. A child that goes away is
 * forgotten at once. A child of ours hears of pieces when {@link TaskNews} says so, of those that
 * come in, too.
 *
 * <p>The queue is never longer than what the child asked for. Messages leave one after another,
 * from whichever thread finds the child ready.
 */
final class PieceFollower implements StoreListener {
  /** Decides when a child hears of what. */
  interface News {
    /**
     * From now on the child is told, also of what is here, until what is returned is closed.
     *
     * @param wanted pieces that it asked for
     */
    StoreListener.Registration follow(StoredTask task, PieceFollower child, BitSet wanted);
  }

  private final List<Integer> interested;
  private final Optional<News> news;
  private final Function<StoredPiece, SyncPiecesResponse> message;
  private final IntFunction<SyncPiecesResponse> begun;
  private final ServerCallStreamObserver<SyncPiecesResponse> answers;
  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  /** What the child has not been told and is not about to be told. */
  @GuardedBy("lock")
  private final BitSet missing = new BitSet();

  @GuardedBy("lock")
  private final ArrayDeque<Integer> queue = new ArrayDeque<>();

  /** Pieces that began to come in, of which the child has not been told. */
  @GuardedBy("lock")
  private final BitSet beginning = new BitSet();

  @GuardedBy("lock")
  private @Nullable StoredTask task;

  @GuardedBy("lock")
  private StoreListener.@Nullable Registration listening;

  @GuardedBy("lock")
  private @Nullable Status failure;

  /**
   * Must be made on the thread that received the call, which sets the call's handlers.
   *
   * @param news of a child that also takes pieces that still come in; others are told of each whole
   *     piece at once
   */
  PieceFollower(
      List<Integer> interested,
      Optional<News> news,
      Function<StoredPiece, SyncPiecesResponse> message,
      IntFunction<SyncPiecesResponse> begun,
      ServerCallStreamObserver<SyncPiecesResponse> answers) {
    this.interested = interested;
    this.news = news;
    this.message = message;
    this.begun = begun;
    this.answers = answers;
    answers.setOnCancelHandler(this::leave);
    answers.setOnCloseHandler(this::leave);
    answers.setOnReadyHandler(this::drain);
  }

  boolean isOver() {
    return over.get();
  }

  /** The task is there: tells what it holds and listens for more. */
  void begin(StoredTask stored) {
    if (stored.content().length().isPresent()) {
      int count = stored.layout().pieceCount();
      for (int number : interested) {
        if (number >= count) {
          fail(
              Status.INVALID_ARGUMENT.withDescription(
                  "task "
                      + stored.key()
                      + " has "
                      + count
                      + " pieces, there is no piece "
                      + number));
          return;
        }
      }
    }
    lock.lock();
    try {
      task = stored;
      interested.forEach(missing::set);
    } finally {
      lock.unlock();
    }
    if (news.isPresent() && stored.content().length().isPresent()) {
      BitSet wanted = new BitSet();
      interested.forEach(wanted::set);
      listens(news.get().follow(stored, this, wanted));
    } else {
      // Listening before looking: a piece that comes in between is seen by one of them.
      listens(stored.listen(this));
      BitSet present = stored.pieces();
      lock.lock();
      try {
        for (int number : interested) {
          if (present.get(number)) {
            enqueue(number);
          }
        }
      } finally {
        lock.unlock();
      }
    }
    if (over.get()) {
      stopListening();
    }
    drain();
  }

  private void listens(StoreListener.Registration registration) {
    lock.lock();
    try {
      listening = registration;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void enqueue(int number) {
    if (missing.get(number)) {
      missing.clear(number);
      queue.add(number);
    }
  }

  @Override
  public void pieceFinished(int number) {
    lock.lock();
    try {
      enqueue(number);
    } finally {
      lock.unlock();
    }
    drain();
  }

  @Override
  public void pieceBegun(int number) {
    if (news.isEmpty()) {
      return;
    }
    lock.lock();
    try {
      beginning.set(number);
    } finally {
      lock.unlock();
    }
    drain();
  }

  @Override
  public void deleted() {
    fail(Status.INTERNAL.withDescription("the task was deleted on this host"));
  }

  void fail(Status status) {
    lock.lock();
    try {
      failure = status;
    } finally {
      lock.unlock();
    }
    drain();
  }

  /** Sends what can be sent; whoever comes while another does so leaves it to the other. */
  private void drain() {
    if (pending.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      while (!over.get() && step()) {
        // One message.
      }
      seen = pending.addAndGet(-seen);
    } while (seen != 0);
  }

  /** Sends one message or ends the stream; whether there may be more to do. */
  private boolean step() {
    StoredPiece piece = null;
    int coming = -1;
    Status error;
    boolean told;
    lock.lock();
    try {
      error = failure;
      StoredTask stored = task;
      if (error == null && stored != null && answers.isReady() && !queue.isEmpty()) {
        int number = queue.removeFirst();
        piece = stored.piece(number).orElse(null);
        if (piece == null) {
          // It went bad since; it will be told again when it is back.
          missing.set(number);
          return true;
        }
      } else if (error == null && stored != null && answers.isReady()) {
        beginning.and(missing);
        coming = beginning.nextSetBit(0);
        if (coming >= 0) {
          beginning.clear(coming);
        }
      }
      told = stored != null && queue.isEmpty() && missing.isEmpty() && listening != null;
    } finally {
      lock.unlock();
    }
    if (error != null) {
      end(() -> answers.onError(error.asException()));
      return false;
    }
    if (piece != null) {
      answers.onNext(message.apply(piece));
      return true;
    }
    if (coming >= 0) {
      answers.onNext(begun.apply(coming));
      return true;
    }
    if (told) {
      end(answers::onCompleted);
    }
    return false;
  }

  private void end(Runnable last) {
    if (over.compareAndSet(false, true)) {
      stopListening();
      last.run();
    }
  }

  private void leave() {
    over.set(true);
    stopListening();
  }

  private void stopListening() {
    StoreListener.Registration registration;
    lock.lock();
    try {
      registration = listening;
      listening = null;
      queue.clear();
    } finally {
      lock.unlock();
    }
    if (registration != null) {
      registration.close();
    }
  }
}
