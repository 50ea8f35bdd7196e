package io.dragonfly.lab.sim;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.swarm.DownloadSpec;
import io.dragonfly.scheduler.swarm.FailureReason;
import io.dragonfly.scheduler.swarm.Opaque;
import io.dragonfly.scheduler.swarm.ParentView;
import io.dragonfly.scheduler.swarm.PeerOrder;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import io.dragonfly.scheduler.swarm.Registration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The daemon's words to the scheduler's and back, as the wire carries them. */
final class Words {
  /** What goes to a seed as it came; its content means nothing here. */
  private static final Opaque MESSAGE = Opaque.of(new byte[1]);

  private Words() {}

  static Registration registration(PeerReport.Register said, HostId host, long session) {
    return new Registration(
        SimContent.TASK,
        said.peer(),
        host,
        session,
        true,
        download(said.request()),
        said.content(),
        said.pieces(),
        said.roots(),
        said.holderOnly(),
        /* piecePort= */ 0);
  }

  static DownloadSpec download(DownloadRequest request) {
    return new DownloadSpec(
        request.url(),
        Optional.empty(),
        request.tag(),
        request.application(),
        0,
        request.priority(),
        request.filteredQueryParams(),
        "",
        Optional.empty(),
        request.disableBackToSource(),
        false,
        false,
        0,
        MESSAGE);
  }

  static io.dragonfly.scheduler.swarm.PeerReport report(PeerReport said) {
    return switch (said) {
      case PeerReport.Register _ -> throw new IllegalArgumentException("registered twice");
      case PeerReport.ContentLearned(var content) ->
          new io.dragonfly.scheduler.swarm.PeerReport.ContentLearned(content);
      case PeerReport.PiecesDone(var pieces) ->
          new io.dragonfly.scheduler.swarm.PeerReport.PiecesDone(done(pieces));
      case PeerReport.PieceFailed failed ->
          new io.dragonfly.scheduler.swarm.PeerReport.PieceFailed(
              failed.number(), failed.parent(), reason(failed.reason()));
      case PeerReport.ParentsWanted wanted ->
          new io.dragonfly.scheduler.swarm.PeerReport.ParentsWanted(wanted.unwanted());
      case PeerReport.Tiny(var content) ->
          new io.dragonfly.scheduler.swarm.PeerReport.Tiny(content);
      case PeerReport.OriginProgress(long bytes) ->
          new io.dragonfly.scheduler.swarm.PeerReport.OriginProgress(bytes);
      case PeerReport.OriginFailed failed ->
          new io.dragonfly.scheduler.swarm.PeerReport.OriginFailed(
              failed.tried()
                  ? OriginFailure.found(failed.status(), failed.headers(), failed.message())
                  : OriginFailure.unknown(failed.message()));
      case PeerReport.Finished _ -> new io.dragonfly.scheduler.swarm.PeerReport.Finished(false);
      case PeerReport.Failed(String why) ->
          new io.dragonfly.scheduler.swarm.PeerReport.Failed(why, false);
    };
  }

  private static List<DonePiece> done(List<StoredPiece> pieces) {
    List<DonePiece> done = new ArrayList<>(pieces.size());
    for (StoredPiece piece : pieces) {
      boolean origin = piece.parentId().isEmpty();
      done.add(
          new DonePiece(
              piece.number(),
              piece.root(),
              origin ? Optional.empty() : Optional.of(new PeerId(piece.parentId()))));
    }
    return done;
  }

  private static FailureReason reason(PeerReport.FailureReason reason) {
    return switch (reason) {
      case UNREACHABLE -> FailureReason.UNREACHABLE;
      case STALLED -> FailureReason.STALLED;
      case MISSING -> FailureReason.MISSING;
      case CORRUPT -> FailureReason.CORRUPT;
    };
  }

  static SwarmOrder order(PeerOrder order) {
    return switch (order) {
      case PeerOrder.Content(var content) -> new SwarmOrder.Content(content);
      case PeerOrder.Parents(var parents) -> new SwarmOrder.Parents(parents(parents));
      case PeerOrder.OriginLease lease -> new SwarmOrder.GoToOrigin(lease.why(), lease.held());
      case PeerOrder.OriginRevoked(String why) -> new SwarmOrder.LeaveOrigin(why);
      case PeerOrder.Roots(var roots) -> new SwarmOrder.Roots(roots);
      case PeerOrder.OriginRefused(OriginFailure failure) ->
          new SwarmOrder.OriginRefused(failure.status(), failure.headers(), failure.message());
      case PeerOrder.Tiny(var content) -> new SwarmOrder.Tiny(content);
      case PeerOrder.Candidates _,
          PeerOrder.NeedBackToSource _,
          PeerOrder.EmptyTask _,
          PeerOrder.MetadataOnly _ ->
          throw new IllegalStateException("an answer for an upstream peer went to one of ours");
    };
  }

  private static List<ParentInfo> parents(List<ParentView> views) {
    List<ParentInfo> parents = new ArrayList<>(views.size());
    for (ParentView view : views) {
      parents.add(
          new ParentInfo(
              view.peer().id(),
              view.host().id(),
              view.host().ip(),
              view.host().port(),
              view.host().isSeed()));
    }
    return parents;
  }
}
