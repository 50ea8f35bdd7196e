package io.dragonfly.daemon.rpc;

import com.google.protobuf.UnsafeByteOperations;
import io.dragonfly.api.errordetails.v2.Backend;
import io.dragonfly.api.errordetails.v2.Unknown;
import io.dragonfly.api.extension.v1.Failed;
import io.dragonfly.api.extension.v1.Finished;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.OriginFailed;
import io.dragonfly.api.extension.v1.OriginProgress;
import io.dragonfly.api.extension.v1.Parent;
import io.dragonfly.api.extension.v1.ParentsWanted;
import io.dragonfly.api.extension.v1.PieceFailed;
import io.dragonfly.api.extension.v1.PiecesFinished;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.Bitmap;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The dialogue with a scheduler of ours: extension.v1.Swarm/Join, message for message. */
final class ExtensionDialogue implements SwarmDialogue<JoinRequest, JoinResponse> {
  private static final int MOST_PARENTS = 1024;

  private final HostId host;
  private final TaskId task;
  private final int piecePort;
  private final boolean asksEachParent;
  private boolean over;

  ExtensionDialogue(HostId host, TaskId task, int piecePort, boolean asksEachParent) {
    this.host = host;
    this.task = task;
    this.piecePort = piecePort;
    this.asksEachParent = asksEachParent;
  }

  @Override
  public boolean isWaiting() {
    // Orders come when something changes; the connection's own pings tell a dead scheduler.
    return false;
  }

  @Override
  public boolean isOver() {
    return over;
  }

  @Override
  public Outcome<JoinRequest> report(PeerReport report) {
    if (over) {
      return Outcome.nothing();
    }
    JoinRequest.Builder request = JoinRequest.newBuilder();
    switch (report) {
      case PeerReport.Register register -> request.setRegister(register(register));
      case PeerReport.ContentLearned(var content) ->
          request.setContent(PieceMessages.content(content));
      case PeerReport.PiecesDone done -> {
        PiecesFinished.Builder pieces = PiecesFinished.newBuilder();
        for (StoredPiece piece : done.pieces()) {
          pieces.addPieces(PieceMessages.finished(piece));
        }
        request.setPiecesFinished(pieces);
      }
      case PeerReport.PieceFailed failed ->
          request.setPieceFailed(
              PieceFailed.newBuilder()
                  .setNumber(failed.number())
                  .setParentId(failed.parent().value())
                  .setReason(reason(failed.reason()))
                  .setDescription(failed.text()));
      case PeerReport.ParentsWanted wanted ->
          request.setParentsWanted(
              ParentsWanted.newBuilder()
                  .addAllUnwantedParentIds(wanted.unwanted().stream().map(PeerId::value).toList())
                  .setDescription(wanted.text()));
      case PeerReport.Tiny(TinyContent content) ->
          request.setTinyContent(
              io.dragonfly.api.extension.v1.TinyContent.newBuilder()
                  .setBytes(UnsafeByteOperations.unsafeWrap(content.bytes())));
      case PeerReport.OriginProgress progress ->
          request.setOriginProgress(OriginProgress.newBuilder().setBytes(progress.bytes()));
      case PeerReport.OriginFailed failed -> request.setOriginFailed(originFailed(failed));
      case PeerReport.Finished _ -> {
        over = true;
        request.setFinished(Finished.getDefaultInstance());
      }
      case PeerReport.Failed failed -> {
        over = true;
        request.setFailed(Failed.newBuilder().setDescription(failed.description()));
      }
    }
    return Outcome.send(request.build());
  }

  private Register register(PeerReport.Register report) {
    Register.Builder register =
        Register.newBuilder()
            .setHostId(host.value())
            .setTaskId(task.value())
            .setPeerId(report.peer().value())
            .setDownload(DownloadMessages.download(report.request()).clearOutputPath())
            .setPieces(PieceMessages.bitmap(report.pieces()))
            .setHolderOnly(report.holderOnly())
            .setPiecePort(piecePort);
    report.content().ifPresent(content -> register.setContent(PieceMessages.content(content)));
    report.roots().forEach((number, root) -> register.addRoots(PieceMessages.root(number, root)));
    return register.build();
  }

  private static PieceFailed.Reason reason(PeerReport.FailureReason reason) {
    return switch (reason) {
      case UNREACHABLE -> PieceFailed.Reason.UNREACHABLE;
      case STALLED -> PieceFailed.Reason.STALLED;
      case MISSING -> PieceFailed.Reason.MISSING;
      case CORRUPT -> PieceFailed.Reason.CORRUPT;
    };
  }

  private static OriginFailed originFailed(PeerReport.OriginFailed failed) {
    if (!failed.tried()) {
      return OriginFailed.newBuilder()
          .setUnknown(Unknown.newBuilder().setMessage(failed.message()))
          .build();
    }
    return OriginFailed.newBuilder().setBackend(backend(failed)).build();
  }

  static Backend backend(PeerReport.OriginFailed failed) {
    Backend.Builder backend =
        Backend.newBuilder().setMessage(failed.message()).putAllHeader(failed.headers());
    failed.status().ifPresent(backend::setStatusCode);
    return backend.build();
  }

  @Override
  public Outcome<JoinRequest> answer(JoinResponse answer) {
    return switch (answer.getOrderCase()) {
      case CONTENT -> order(new SwarmOrder.Content(PieceMessages.content(answer.getContent())));
      case PARENTS -> order(parents(answer.getParents().getParentsList()));
      case ORIGIN_LEASE ->
          order(
              new SwarmOrder.GoToOrigin(
                  answer.getOriginLease().getDescription(),
                  Bitmap.decode(
                      answer.getOriginLease().getPiecesHeld().toByteArray(),
                      PieceLayout.MAX_PIECES)));
      case ORIGIN_REVOKED ->
          order(new SwarmOrder.LeaveOrigin(answer.getOriginRevoked().getDescription()));
      case ROOTS ->
          order(new SwarmOrder.Roots(PieceMessages.roots(answer.getRoots().getRootsList())));
      case TINY_CONTENT ->
          order(
              new SwarmOrder.Tiny(
                  TinyContent.of(answer.getTinyContent().getBytes().toByteArray())));
      case ORIGIN_REFUSED -> order(refused(answer.getOriginRefused().getBackend()));
      // An order that a newer scheduler added; what we know still holds.
      case ORDER_NOT_SET -> Outcome.nothing();
    };
  }

  private static Outcome<JoinRequest> order(SwarmOrder order) {
    return Outcome.order(order);
  }

  private SwarmOrder parents(List<Parent> parents) {
    if (parents.size() > MOST_PARENTS) {
      throw new IllegalArgumentException(parents.size() + " parents");
    }
    List<ParentInfo> infos = new ArrayList<>();
    for (Parent parent : parents) {
      int wholeAt = parent.getPiecePort();
      if (wholeAt < 0 || wholeAt > 65_535) {
        throw new IllegalArgumentException("a parent's piece port " + wholeAt);
      }
      infos.add(
          new ParentInfo(
              new PeerId(parent.getPeerId()),
              new HostId(parent.getHostId()),
              parent.getIp(),
              parent.getPort(),
              parent.getHostType() != 0,
              asksEachParent ? 0 : wholeAt));
    }
    return new SwarmOrder.Parents(infos);
  }

  static SwarmOrder refused(Backend backend) {
    return new SwarmOrder.OriginRefused(
        backend.hasStatusCode() ? OptionalInt.of(backend.getStatusCode()) : OptionalInt.empty(),
        Map.copyOf(backend.getHeaderMap()),
        backend.getMessage());
  }
}
