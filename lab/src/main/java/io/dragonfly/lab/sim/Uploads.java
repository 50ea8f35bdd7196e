package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.Event;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a host tells its children of the pieces that it has and gets. */
final class Uploads {
  private static final int PORT = 4001;
  private static final long LOOK_AGAIN = 50 * Timeline.MILLI;

  private final SimHost host;
  private final Set<Sync> followers = new LinkedHashSet<>();

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
    for (int piece = sync.untold.nextSetBit(0);
        piece >= 0;
        piece = sync.untold.nextSetBit(piece + 1)) {
      if (store.held.get(piece)) {
        tellPiece(sync, piece);
      } else if (host.relay(piece) != null) {
        tell(sync, new Event.ParentBegins(sync.number, piece, host.ip(), PORT));
      }
    }
    endIfTold(sync);
  }

  /** A piece is here. */
  void held(int piece) {
    for (Sync sync : List.copyOf(followers)) {
      if (sync.untold.get(piece)) {
        tellPiece(sync, piece);
        endIfTold(sync);
      }
    }
  }

  /** A piece begins to come in, and its blocks can be passed on. */
  void begun(int piece) {
    for (Sync sync : followers) {
      if (sync.untold.get(piece)) {
        tell(sync, new Event.ParentBegins(sync.number, piece, host.ip(), PORT));
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
    followers.remove(sync);
  }

  /** The task is gone from the store. */
  void deleted() {
    failAll("the task was deleted on this host");
  }

  /** The process is gone; the children notice at once where the machine lives on. */
  void gone(boolean silently) {
    if (!silently) {
      failAll("connection reset");
    }
    followers.clear();
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
