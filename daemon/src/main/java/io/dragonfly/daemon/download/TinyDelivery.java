package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import java.util.List;
import java.util.Optional;

/** Content that is so small that the scheduler gave it with its answer. */
final class TinyDelivery {
  private final Parts parts;
  private Optional<TinyContent> offered = Optional.empty();

  /** The version that is being stored, or -1. */
  private int storing = -1;

  TinyDelivery(Parts parts) {
    this.parts = parts;
  }

  void offer(TinyContent content) {
    offered = Optional.of(content);
  }

  /** Whether it is being stored: nothing has to be fetched meanwhile. */
  boolean isUnderWay() {
    return storing == parts.content.epoch();
  }

  /** Stores what was offered, when what it has to be is known; proves it first. */
  void begin(long now, List<Action> out) {
    boolean ready = parts.content.isOpen() && parts.content.hasLayout();
    if (offered.isEmpty() || !ready || isUnderWay()) {
      return;
    }
    TinyContent content = offered.get();
    offered = Optional.empty();
    Optional<PieceRoot> root = parts.content.root(0);
    boolean proven =
        root.isPresent() && content.matches(parts.content.info().orElseThrow(), root.get());
    if (parts.content.holds(0)) {
      return;
    }
    if (proven) {
      storing = parts.content.epoch();
      out.add(new Action.StoreTiny(storing, content, root.get()));
    } else {
      parts.link.wantParents(
          List.of(), "the bytes that came with the answer are not this content", now, out);
    }
  }

  /** It is stored; false when this is of another version. */
  boolean stored(int epoch) {
    return ended(epoch);
  }

  void failed(int epoch, long now, List<Action> out) {
    if (ended(epoch)) {
      parts.link.wantParents(
          List.of(), "the bytes that came with the answer could not be stored", now, out);
    }
  }

  private boolean ended(int epoch) {
    if (epoch != storing) {
      return false;
    }
    storing = -1;
    return epoch == parts.content.epoch();
  }
}
