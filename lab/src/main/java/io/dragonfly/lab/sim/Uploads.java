package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.download.PieceNews;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Tells a host's children of the pieces that it has and gets, as {@link PieceNews} decides. */
final class Uploads {
  private static final int PORT = 4001;
  private static final long LOOK_AGAIN = 50 * Timeline.MILLI;

  private final SimHost host;
  private final Set<Sync> followers = new LinkedHashSet<>();
  private @Nullable PieceNews<Sync> news;
  private long wakeAt = Long.MAX_VALUE;
  private int lives;

  Uploads(SimHost host) {
    this.host = host;
  }

  int followers() {
    return followers.size();
  }

  /** A child asks to be told. */
  void follow(Sync sync, long life) {
    if (!sync.isOpen()) {
      return;
    }
    if (!host.isRunning() || host.life() != life) {
      tell(sync, new Event.ParentFailed(sync.number, "connection refused"));
      sync.close();
      return;
    }
    tell(sync, new Event.ParentFeatures(sync.number, true));
    begin(sync, life);
  }

  private void begin(Sync sync, long life) {
    SimStore store = host.store();
    if (!sync.isOpen() || host.life() != life) {
      return;
    }
    if (store == null && host.isDownloading()) {
      host.world.timeline.after(LOOK_AGAIN, () -> begin(sync, life));
      return;
    }
    if (store == null) {
      tell(sync, new Event.ParentFailed(sync.number, "task not found"));
      sync.close();
      return;
    }
    followers.add(sync);
    if (news == null) {
      news =
          new PieceNews<>(
              store.content.layout.pieceCount(),
              host.seed,
              new SplittableRandom(host.world.options.seed() * 17 + host.number * 1009L + ++lives));
    }
    decide((decisions, now) -> decisions.join(sync, sync.untold, store.held, coming(), now));
    endIfTold(sync);
  }

  private BitSet coming() {
    BitSet coming = new BitSet();
    host.offered(coming);
    return coming;
  }

  /** A piece is here. */
  void held(int piece) {
    decide((decisions, now) -> decisions.held(piece, now));
  }

  /** A piece begins to come in, and its blocks can be passed on. */
  void begun(int piece) {
    decide((decisions, now) -> decisions.begun(piece, now));
  }

  /** It comes no more. */
  void stopped(int piece) {
    decide((decisions, now) -> decisions.stopped(piece, now));
  }

  /** A child begins to get a piece. */
  void sending(int piece) {
    decide((decisions, now) -> decisions.sending(piece, now));
  }

  /** It gets no more of it. */
  void sent(int piece, boolean whole) {
    decide((decisions, now) -> decisions.sent(piece, whole, now));
  }

  private void decide(BiFunction<PieceNews<Sync>, Long, List<PieceNews.News<Sync>>> event) {
    PieceNews<Sync> present = news;
    if (present != null) {
      tell(event.apply(present, host.world.timeline.now()));
      wake(present.wakeAt());
    }
  }

  private void wake(long at) {
    if (at < wakeAt) {
      wakeAt = at;
      host.world.timeline.at(
          at,
          () -> {
            if (wakeAt == at) {
              wakeAt = Long.MAX_VALUE;
              decide(PieceNews::tick);
            }
          });
    }
  }

  private void tell(List<PieceNews.News<Sync>> all) {
    for (PieceNews.News<Sync> one : all) {
      if (one.whole()) {
        tellPiece(one.child(), one.piece());
        endIfTold(one.child());
      } else {
        Event begun = new Event.ParentBegins(one.child().number, one.piece(), host.ip(), PORT);
        tell(one.child(), begun);
      }
    }
  }

  private void tellPiece(Sync sync, int piece) {
    sync.untold.clear(piece);
    tell(sync, new Event.ParentPiece(sync.number, piece, host.ip(), PORT));
  }

  private void endIfTold(Sync sync) {
    if (sync.untold.isEmpty() && sync.isOpen()) {
      tell(sync, new Event.ParentEnded(sync.number));
      leave(sync);
    }
  }

  void leave(Sync sync) {
    sync.close();
    if (followers.remove(sync)) {
      decide((decisions, now) -> decisions.leave(sync, now));
    }
  }

  /** The task is gone from the store. */
  void deleted() {
    failAll("the task was deleted on this host");
    news = null;
  }

  /** The process is gone; the children notice at once where the machine lives on. */
  void gone(boolean silently) {
    if (!silently) {
      failAll("connection reset");
    }
    followers.clear();
    news = null;
  }

  private void failAll(String why) {
    for (Sync sync : List.copyOf(followers)) {
      tell(sync, new Event.ParentFailed(sync.number, why));
      leave(sync);
    }
  }

  private void tell(Sync sync, Event event) {
    if (sync.isOpen()) {
      host.world.send(host, sync.child, event);
    }
  }
}
