package io.dragonfly.daemon.storage;

import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The pieces of a task that come in and may be read meanwhile, and by whom. */
final class Arrivals {
  private final Listeners<StoreListener> listeners;

  /** By everybody. */
  private final Map<Integer, PieceRelay> relays = new ConcurrentHashMap<>();

  /** By readers of this host. */
  private final Map<Integer, PieceRelay> lent = new ConcurrentHashMap<>();

  Arrivals(Listeners<StoreListener> listeners) {
    this.listeners = listeners;
  }

  void relayed(PieceRelay relay) {
    lent.remove(relay.number());
    relays.put(relay.number(), relay);
    listeners.tell(listener -> listener.pieceBegun(relay.number()));
  }

  void lent(PieceRelay relay) {
    lent.put(relay.number(), relay);
    listeners.tell(listener -> listener.pieceArriving(relay.number()));
  }

  void ended(PieceRelay relay) {
    lent.remove(relay.number(), relay);
    if (relays.remove(relay.number(), relay)) {
      listeners.tell(listener -> listener.pieceStopped(relay.number()));
    }
  }

  @Nullable PieceRelay forOthers(int number) {
    return relays.get(number);
  }

  @Nullable PieceRelay forThisHost(int number) {
    PieceRelay relay = relays.get(number);
    return relay == null ? lent.get(number) : relay;
  }

  /** Those that everybody may read; a copy. */
  BitSet numbers() {
    BitSet numbers = new BitSet();
    relays.keySet().forEach(numbers::set);
    return numbers;
  }
}
