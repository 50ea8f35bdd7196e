package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DownloadPieceBackToSourceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFailedRequest;
import io.dragonfly.api.scheduler.v2.EmptyTaskResponse;
import io.dragonfly.api.scheduler.v2.MetadataOnlyResponse;
import io.dragonfly.api.scheduler.v2.NeedBackToSourceResponse;
import io.dragonfly.api.scheduler.v2.NormalTaskResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.swarm.FailureReason;
import io.dragonfly.scheduler.swarm.PeerOrder;
import io.dragonfly.scheduler.swarm.PeerReport;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import io.dragonfly.scheduler.swarm.Registration;
import io.grpc.stub.StreamObserver;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An upstream peer's stream: AnnouncePeer. */
final class AnnounceCall extends PeerCall<AnnouncePeerRequest, AnnouncePeerResponse> {
  AnnounceCall(SwarmShell shell, StreamObserver<AnnouncePeerResponse> out) {
    super(shell, out, AnnounceCall::responses);
  }

  @Override
  void receive(AnnouncePeerRequest request) {
    HostId host = Checks.hostId(request.getHostId());
    TaskId task = Checks.taskId(request.getTaskId());
    PeerId peer = Checks.peerId(request.getPeerId());
    if (request.hasRegisterPeerRequest()) {
      register(registration(request.getRegisterPeerRequest().getDownload(), host, task, peer));
      return;
    }
    if (request.getRequestCase() == AnnouncePeerRequest.RequestCase.REQUEST_NOT_SET) {
      throw Checks.invalid("request: one of the requests is needed");
    }
    expect(host, task, peer);
    switch (request.getRequestCase()) {
      case DOWNLOAD_PEER_STARTED_REQUEST -> report(new PeerReport.Started());
      case DOWNLOAD_PEER_BACK_TO_SOURCE_STARTED_REQUEST -> report(new PeerReport.OriginStarted());
      case RESCHEDULE_PEER_REQUEST ->
          report(
              new PeerReport.Reschedule(
                  JoinMessages.peerIds(
                      request.getReschedulePeerRequest().getCandidateParentsList().stream()
                          .map(Peer::getId)
                          .toList())));
      case DOWNLOAD_PEER_FINISHED_REQUEST -> report(new PeerReport.Finished(false));
      case DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST -> report(new PeerReport.Finished(true));
      case DOWNLOAD_PEER_FAILED_REQUEST ->
          report(
              new PeerReport.Failed(
                  request.getDownloadPeerFailedRequest().getDescription(), false));
      case DOWNLOAD_PEER_BACK_TO_SOURCE_FAILED_REQUEST ->
          report(
              new PeerReport.Failed(
                  request.getDownloadPeerBackToSourceFailedRequest().getDescription(), true));
      case DOWNLOAD_PIECE_FINISHED_REQUEST ->
          done(request.getDownloadPieceFinishedRequest().getPiece(), TrafficType.REMOTE_PEER);
      case DOWNLOAD_PIECE_BACK_TO_SOURCE_FINISHED_REQUEST ->
          done(
              request.getDownloadPieceBackToSourceFinishedRequest().getPiece(),
              TrafficType.BACK_TO_SOURCE);
      case DOWNLOAD_PIECE_FAILED_REQUEST -> failed(request.getDownloadPieceFailedRequest());
      case DOWNLOAD_PIECE_BACK_TO_SOURCE_FAILED_REQUEST ->
          originFailed(request.getDownloadPieceBackToSourceFailedRequest());
      case REGISTER_PEER_REQUEST, REQUEST_NOT_SET ->
          throw new IllegalStateException("was dealt with before");
    }
  }

  private Registration registration(Download download, HostId host, TaskId task, PeerId peer) {
    Checks.download(download);
    Checks.upstreamPieceLength(download);
    return new Registration(
        task,
        peer,
        host,
        session,
        /* extension= */ false,
        DownloadMessages.spec(download),
        DownloadMessages.content(download),
        new BitSet(),
        Map.of(),
        /* holderOnly= */ false,
        /* piecePort= */ 0);
  }

  private void done(Piece piece, TrafficType usual) {
    int number = JoinMessages.pieceNumber(piece.getNumber());
    boolean fromOrigin = usual == TrafficType.BACK_TO_SOURCE;
    Optional<PeerId> parent =
        fromOrigin || piece.getParentId().isEmpty()
            ? Optional.empty()
            : Optional.of(Checks.peerId(piece.getParentId()));
    arrived(piece.hasTrafficType() ? piece.getTrafficType() : usual, piece.getLength(), parent);
    report(new PeerReport.PiecesDone(List.of(new DonePiece(number, Optional.empty(), parent))));
  }

  private void failed(DownloadPieceFailedRequest request) {
    PeerId parent = Checks.peerId(request.getParentId());
    missed(TrafficType.REMOTE_PEER);
    if (request.getTemporary()) {
      report(new PeerReport.PieceFailed(request.getPieceNumber(), parent, FailureReason.STALLED));
    }
  }

  private void originFailed(DownloadPieceBackToSourceFailedRequest request) {
    missed(TrafficType.BACK_TO_SOURCE);
    OriginFailure failure =
        switch (request.getResponseCase()) {
          case BACKEND -> JoinMessages.backend(request.getBackend());
          case UNKNOWN ->
              OriginFailure.unknown(Failures.shortened(request.getUnknown().getMessage()));
          case RESPONSE_NOT_SET -> OriginFailure.unknown("the peer did not say why");
        };
    report(new PeerReport.OriginFailed(failure));
  }

  private static List<AnnouncePeerResponse> responses(PeerOrder order) {
    AnnouncePeerResponse.Builder response = AnnouncePeerResponse.newBuilder();
    switch (order) {
      case PeerOrder.Candidates candidates -> {
        NormalTaskResponse.Builder normal = NormalTaskResponse.newBuilder();
        candidates
            .parents()
            .forEach(parent ->
                normal.addCandidateParents(PeerMessages.candidate(candidates.task(), parent)));
        response.setNormalTaskResponse(normal);
      }
      case PeerOrder.NeedBackToSource need ->
          response.setNeedBackToSourceResponse(
              NeedBackToSourceResponse.newBuilder().setDescription(need.why()));
      case PeerOrder.EmptyTask _ ->
          response.setEmptyTaskResponse(EmptyTaskResponse.getDefaultInstance());
      case PeerOrder.MetadataOnly _ ->
          response.setMetadataOnlyResponse(MetadataOnlyResponse.getDefaultInstance());
      case PeerOrder.Content _,
          PeerOrder.Parents _,
          PeerOrder.OriginLease _,
          PeerOrder.OriginRevoked _,
          PeerOrder.Roots _,
          PeerOrder.Tiny _,
          PeerOrder.OriginRefused _ ->
          throw new IllegalStateException("an order for a peer of ours went to an upstream one");
    }
    return List.of(response.build());
  }
}
