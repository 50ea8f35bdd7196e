package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.extension.v1.FinishedPiece;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.PieceFailed;
import io.dragonfly.api.extension.v1.PiecesFinished;
import io.dragonfly.scheduler.swarm.PeerReport;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;

/** The stream of a peer of ours: Join. */
final class JoinCall extends PeerCall<JoinRequest, JoinResponse> {
  JoinCall(SwarmShell shell, StreamObserver<JoinResponse> out) {
    super(shell, out, JoinMessages::responses);
  }

  @Override
  void receive(JoinRequest request) {
    switch (request.getEventCase()) {
      case REGISTER -> register(JoinMessages.registration(request.getRegister(), session));
      case CONTENT ->
          report(new PeerReport.ContentLearned(JoinMessages.content(request.getContent())));
      case PIECES_FINISHED -> done(request.getPiecesFinished());
      case PIECE_FAILED -> failed(request.getPieceFailed());
      case PARENTS_WANTED ->
          report(
              new PeerReport.ParentsWanted(
                  JoinMessages.peerIds(request.getParentsWanted().getUnwantedParentIdsList())));
      case ORIGIN_PROGRESS ->
          report(new PeerReport.OriginProgress(request.getOriginProgress().getBytes()));
      case ORIGIN_FAILED ->
          report(new PeerReport.OriginFailed(JoinMessages.failure(request.getOriginFailed())));
      case FINISHED -> report(new PeerReport.Finished(false));
      case FAILED -> report(new PeerReport.Failed(request.getFailed().getDescription(), false));
      case TINY_CONTENT -> report(new PeerReport.Tiny(JoinMessages.tiny(request.getTinyContent())));
      case EVENT_NOT_SET -> throw Checks.invalid("event: one of the events is needed");
    }
  }

  private void done(PiecesFinished request) {
    registered();
    List<DonePiece> pieces = new ArrayList<>(request.getPiecesCount());
    for (FinishedPiece piece : request.getPiecesList()) {
      DonePiece done = JoinMessages.donePiece(piece);
      pieces.add(done);
      arrived(piece.getTrafficType(), piece.getLength(), done.parent());
    }
    report(new PeerReport.PiecesDone(pieces));
  }

  private void failed(PieceFailed request) {
    missed(TrafficType.REMOTE_PEER);
    report(
        new PeerReport.PieceFailed(
            JoinMessages.pieceNumber(request.getNumber()),
            Checks.peerId(request.getParentId()),
            JoinMessages.reason(request.getReason())));
  }
}
