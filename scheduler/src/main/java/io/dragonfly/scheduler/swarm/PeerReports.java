package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.scheduler.placement.Quarantine;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import java.util.List;
import java.util.OptionalLong;

/** What a registered peer reports, and how a download ends. Guarded by the lock of the task. */
final class PeerReports {
  private static final long FOR_EVER = Long.MAX_VALUE;

  private final Task task;
  private final Offers offers;
  private final Parenting parenting;
  private final OriginDesk desk;
  private final Contents contents;
  private final Quarantine quarantine;

  PeerReports(
      Task task,
      Offers offers,
      Parenting parenting,
      OriginDesk desk,
      Contents contents,
      Quarantine quarantine) {
    this.task = task;
    this.offers = offers;
    this.parenting = parenting;
    this.desk = desk;
    this.contents = contents;
    this.quarantine = quarantine;
  }

  void apply(Peer peer, PeerReport report, long now) {
    switch (report) {
      case PeerReport.Started _ -> started(peer);
      case PeerReport.OriginStarted _ -> originStarted(peer, now);
      case PeerReport.Reschedule reschedule -> reschedule(peer, reschedule.tried(), now);
      case PeerReport.ParentsWanted wanted -> parentsWanted(peer, wanted.unwanted(), now);
      case PeerReport.PiecesDone done ->
          done.pieces().forEach(piece -> pieceDone(peer, piece, now));
      case PeerReport.PieceFailed failed -> pieceFailed(peer, failed, now);
      case PeerReport.ContentLearned learned -> contents.learned(peer, learned.content(), now);
      case PeerReport.Tiny tiny -> contents.takeTiny(peer, tiny.content());
      case PeerReport.OriginProgress progress -> desk.bytesRead(peer, progress.bytes(), now);
      case PeerReport.OriginFailed failed -> desk.failed(peer, failed.failure(), now);
      case PeerReport.Finished _ -> {
        finish(peer, now);
        end(peer, EndCode.OK, "");
      }
      case PeerReport.Failed _ -> failed(peer, now);
    }
  }

  /** The download has ended well: the peer is a holder from now on. */
  void finish(Peer peer, long now) {
    peer.state = PeerState.SUCCEEDED;
    peer.finishedAt = now;
    // Ours have said which pieces they hold: what was wanted at the end may have been a part.
    boolean whole = peer.complete || (!peer.extension && peer.download.range().isEmpty());
    if (peer.current && whole && task.isLengthKnown()) {
      offers.complete(peer);
      task.state = TaskState.SUCCEEDED;
    }
    stopped(peer, /* inVain= */ false, now);
    offers.refresh(peer);
  }

  /** The peer takes part no more, or not for now: no parents, no lease, no waiting. */
  void stopped(Peer peer, boolean inVain, long now) {
    peer.pending = false;
    task.active.remove(peer);
    desk.starving(peer, false);
    peer.complainedAt = 0;
    desk.released(peer, inVain, now);
    offers.unlinkParents(peer);
    parenting.review(peer, now);
    if (!peer.state.isActive()) {
      peer.download = task.ended(peer.download);
    }
  }

  /** Ends the stream; a peer that has not finished has failed. */
  void end(Peer peer, EndCode code, String text) {
    if (peer.session != 0) {
      task.effects().add(new SwarmAction.End(peer.session, code, text));
      peer.session = 0;
    }
    if (peer.state.isActive()) {
      peer.state = PeerState.FAILED;
      stopped(peer, /* inVain= */ true, peer.updatedAt);
      offers.refresh(peer);
    }
  }

  private void started(Peer peer) {
    if (peer.state == PeerState.RECEIVED_NORMAL || peer.state == PeerState.RECEIVED_EMPTY) {
      peer.state = PeerState.RUNNING;
      offers.refresh(peer);
    }
  }

  private void originStarted(Peer peer, long now) {
    if (task.active.contains(peer)) {
      peer.state = PeerState.BACK_TO_SOURCE;
      peer.pending = false;
      offers.unlinkParents(peer);
      offers.refresh(peer);
      desk.readsAnyway(peer, now);
      parenting.review(peer, now);
    }
  }

  private void reschedule(Peer peer, List<PeerId> tried, long now) {
    if (!task.active.contains(peer)) {
      end(peer, EndCode.FAILED_PRECONDITION, "peer " + peer.id + " takes no part in the task");
      return;
    }
    if (!peer.current) {
      end(peer, EndCode.FAILED_PRECONDITION, "the content of task " + task.id + " has changed");
      return;
    }
    if (peer.answers >= task.settings.maxAnswers()) {
      end(peer, EndCode.FAILED_PRECONDITION, "scheduling exceeded " + peer.answers + " answers");
      return;
    }
    block(peer, tried, now);
    if (peer.state == PeerState.BACK_TO_SOURCE) {
      // It read the origin and had no parents; peers of ours may have relied on that.
      for (Peer child : List.copyOf(peer.children)) {
        if (child.extension) {
          offers.unlink(peer, child);
        }
      }
      desk.released(peer, /* inVain= */ true, now);
      peer.state = PeerState.RUNNING;
    }
    offers.unlinkParents(peer);
    peer.pending = true;
    peer.pieceAt = now;
    parenting.place(peer, now);
    parenting.review(peer, now);
  }

  private void parentsWanted(Peer peer, List<PeerId> unwanted, long now) {
    block(peer, unwanted, now);
    if (!parenting.placeAtHolder(peer, now)
        && !parenting.place(peer, now)
        && peer.complainedAt == 0) {
      peer.complainedAt = now;
    }
    parenting.review(peer, now);
  }

  private void block(Peer peer, List<PeerId> unwanted, long now) {
    for (PeerId id : unwanted) {
      Peer parent = task.peers.get(id);
      if (parent != null) {
        peer.block(parent.host.id(), now + task.settings.blockMillis());
        offers.unlink(parent, peer);
      }
    }
  }

  private void pieceDone(Peer peer, DonePiece piece, long now) {
    int bound = task.isLengthKnown() ? task.pieceCount() : PieceLayout.MAX_PIECES;
    if (!peer.current || piece.number() < 0 || piece.number() >= bound) {
      return;
    }
    peer.pieceAt = now;
    peer.complainedAt = 0;
    desk.starving(peer, false);
    offers.addPiece(peer, piece.number());
    piece.root().ifPresent(root -> contents.takeRoot(peer, piece.number(), root));
    desk.pieceRead(peer, now);
    piece.parent().map(task.peers::get).ifPresent(parent -> parent.updatedAt = now);
    if (peer.complete) {
      parenting.review(peer, now);
    }
  }

  private void pieceFailed(Peer peer, PeerReport.PieceFailed failed, long now) {
    Peer parent = task.peers.get(failed.parent());
    if (parent == null || parent == peer) {
      return;
    }
    HostId host = parent.host.id();
    switch (failed.reason()) {
      case CORRUPT -> {
        peer.block(host, FOR_EVER);
        boolean proven =
            peer.extension && task.roots.has(failed.number()) && !task.lease.isHeldBy(parent.id);
        quarantined(host, quarantine.corrupt(host, peer.host.id(), proven, now));
      }
      case STALLED, UNREACHABLE -> {
        peer.block(host, now + task.settings.blockMillis());
        quarantined(host, quarantine.unreachable(host, peer.host.id(), now));
      }
      case MISSING -> peer.block(host, now + task.settings.blockMillis() / 6);
    }
    offers.unlink(parent, peer);
    parenting.place(peer, now);
    parenting.review(peer, now);
  }

  private void quarantined(HostId host, OptionalLong until) {
    if (until.isPresent()) {
      task.effects().quarantined.add(host);
    }
  }

  private void failed(Peer peer, long now) {
    peer.state = PeerState.FAILED;
    peer.updatedAt = now;
    stopped(peer, /* inVain= */ true, now);
    offers.refresh(peer);
    if (task.active.isEmpty() && offers.holders().isEmpty()) {
      task.state = TaskState.FAILED;
    }
    end(peer, EndCode.OK, "");
  }
}
