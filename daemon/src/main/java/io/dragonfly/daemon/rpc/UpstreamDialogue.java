package io.dragonfly.daemon.rpc;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Range;
import io.dragonfly.api.errordetails.v2.Unknown;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DownloadPeerBackToSourceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerBackToSourceFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerBackToSourceStartedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerStartedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceBackToSourceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceBackToSourceFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFinishedRequest;
import io.dragonfly.api.scheduler.v2.RegisterPeerRequest;
import io.dragonfly.api.scheduler.v2.ReschedulePeerRequest;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.InvalidRangeException;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TrafficType;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The dialogue with a Go scheduler: AnnouncePeer, under the rules that its validation and its state
 * machine impose.
 *
 * <pre>
 * Register ........... only with the length (a missing one means "empty content" there); a report of
 *                      one without is held until ContentLearned
 * answer Normal ...... sends DownloadPeerStarted, unless the origin was begun (the peer's state would
 *                      refuse it)
 * answer NeedBackTo .. sends DownloadPeerBackToSourceStarted
 * answer Empty ....... sends DownloadPeerStarted
 * ParentsWanted ...... Reschedule with the unwanted parents as they came, complete; at most one
 *                      unanswered, and none after the last answer that is allowed
 * Finished ........... held until the first answer: a peer that was never started can't finish
 * </pre>
 */
final class UpstreamDialogue implements SwarmDialogue<AnnouncePeerRequest, AnnouncePeerResponse> {
  private static final int MOST_CANDIDATES = 1024;
  private static final String NO_REASON = "unknown reason";

  private final HostId host;
  private final TaskId task;
  private final int mostAnswers;
  // Complete, as the scheduler sent them: it validates what is echoed.
  private final Map<String, Peer> candidates = new LinkedHashMap<>();
  private Optional<PeerId> peer = Optional.empty();
  private PeerReport.@Nullable Register held;
  private @Nullable PeerReport finalReport;
  private boolean waiting;
  private boolean answered;
  private boolean atOrigin;
  private boolean over;
  private int answers;

  /**
   * @param mostAnswers how many answers a download takes before it reads the origin itself
   */
  UpstreamDialogue(HostId host, TaskId task, int mostAnswers) {
    this.host = host;
    this.task = task;
    this.mostAnswers = mostAnswers;
  }

  @Override
  public boolean isWaiting() {
    return waiting;
  }

  @Override
  public boolean isHoldingLast() {
    return finalReport != null;
  }

  @Override
  public boolean isOver() {
    return over;
  }

  @Override
  public Outcome<AnnouncePeerRequest> report(PeerReport report) {
    if (over || finalReport != null) {
      return Outcome.nothing();
    }
    return switch (report) {
      case PeerReport.Register register -> {
        peer = Optional.of(register.peer());
        if (register.content().isPresent() && register.content().get().length().isPresent()) {
          yield register(register, register.content().get());
        }
        held = register;
        yield Outcome.nothing();
      }
      case PeerReport.ContentLearned(ContentInfo content) -> {
        PeerReport.Register register = held;
        if (register == null || content.length().isEmpty()) {
          yield Outcome.nothing();
        }
        held = null;
        yield register(register, content);
      }
      case PeerReport.PiecesDone(List<StoredPiece> pieces) -> piecesDone(pieces);
      case PeerReport.PieceFailed failed ->
          unlessHeld(
              envelope()
                  .setDownloadPieceFailedRequest(
                      DownloadPieceFailedRequest.newBuilder()
                          .setPieceNumber(failed.number())
                          .setParentId(failed.parent().value())
                          .setTemporary(true)));
      case PeerReport.ParentsWanted wanted -> reschedule(wanted);
      case PeerReport.OriginProgress _, PeerReport.Tiny _ -> Outcome.nothing();
      case PeerReport.OriginFailed failed ->
          atOrigin
              ? unlessHeld(
                  envelope().setDownloadPieceBackToSourceFailedRequest(originFailed(failed)))
              : Outcome.nothing();
      case PeerReport.Finished finished -> {
        if (held != null) {
          // It was never registered: there is nothing to end.
          over = true;
          yield Outcome.nothing();
        }
        if (!answered) {
          finalReport = finished;
          yield Outcome.nothing();
        }
        yield last(finished);
      }
      case PeerReport.Failed failed -> {
        if (held != null) {
          over = true;
          yield Outcome.nothing();
        }
        yield last(failed);
      }
    };
  }

  private Outcome<AnnouncePeerRequest> register(PeerReport.Register report, ContentInfo content) {
    PieceLayout layout = content.layout();
    Download.Builder download =
        DownloadMessages.download(report.request())
            .clearOutputPath()
            .clearRange()
            .setActualContentLength(layout.contentLength())
            .setActualPieceLength(layout.pieceLength())
            .setActualPieceCount(layout.pieceCount())
            .setNeedBackToSource(report.request().triggeredByScheduler())
            .setMetadataOnly(report.holderOnly());
    report
        .request()
        .rangeHeader()
        .flatMap(header -> range(header, layout.contentLength()))
        .ifPresent(download::setRange);
    waiting = true;
    return Outcome.send(
        envelope()
            .setRegisterPeerRequest(RegisterPeerRequest.newBuilder().setDownload(download))
            .build());
  }

  /** Empty for a range that can't be served: whoever asked for it hears so from the download. */
  private static Optional<Range> range(String header, long contentLength) {
    try {
      ByteRange range = ByteRange.parse(header, contentLength);
      return Optional.of(
          Range.newBuilder().setStart(range.start()).setLength(range.length()).build());
    } catch (InvalidRangeException e) {
      return Optional.empty();
    }
  }

  private AnnouncePeerRequest.Builder envelope() {
    return AnnouncePeerRequest.newBuilder()
        .setHostId(host.value())
        .setTaskId(task.value())
        .setPeerId(peer.map(PeerId::value).orElse(""));
  }

  private Outcome<AnnouncePeerRequest> unlessHeld(AnnouncePeerRequest.Builder message) {
    return held != null || peer.isEmpty() ? Outcome.nothing() : Outcome.send(message.build());
  }

  private Outcome<AnnouncePeerRequest> piecesDone(List<StoredPiece> pieces) {
    if (held != null || peer.isEmpty()) {
      return Outcome.nothing();
    }
    List<AnnouncePeerRequest> messages = new ArrayList<>();
    for (StoredPiece piece : pieces) {
      if (piece.trafficType() == TrafficType.BACK_TO_SOURCE) {
        messages.add(
            envelope()
                .setDownloadPieceBackToSourceFinishedRequest(
                    DownloadPieceBackToSourceFinishedRequest.newBuilder()
                        .setPiece(PieceMessages.piece(piece)))
                .build());
      } else {
        messages.add(
            envelope()
                .setDownloadPieceFinishedRequest(
                    DownloadPieceFinishedRequest.newBuilder().setPiece(PieceMessages.piece(piece)))
                .build());
      }
    }
    return new Outcome<>(messages, List.of());
  }

  private Outcome<AnnouncePeerRequest> reschedule(PeerReport.ParentsWanted wanted) {
    if (held != null || peer.isEmpty() || waiting) {
      return Outcome.nothing();
    }
    if (answers >= mostAnswers) {
      return Outcome.order(
          new SwarmOrder.GoToOrigin(
              "the scheduler answered " + answers + " times and no parent had everything",
              new BitSet()));
    }
    ReschedulePeerRequest.Builder request =
        ReschedulePeerRequest.newBuilder().setDescription(orUnknown(wanted.text()));
    for (PeerId unwanted : wanted.unwanted()) {
      Peer candidate = candidates.get(unwanted.value());
      if (candidate != null) {
        request.addCandidateParents(candidate);
      }
    }
    waiting = true;
    return Outcome.send(envelope().setReschedulePeerRequest(request).build());
  }

  private static DownloadPieceBackToSourceFailedRequest originFailed(
      PeerReport.OriginFailed failed) {
    DownloadPieceBackToSourceFailedRequest.Builder request =
        DownloadPieceBackToSourceFailedRequest.newBuilder();
    if (failed.status().isPresent()) {
      request.setBackend(ExtensionDialogue.backend(failed));
    } else {
      request.setUnknown(Unknown.newBuilder().setMessage(failed.message()));
    }
    return request.build();
  }

  private Outcome<AnnouncePeerRequest> last(PeerReport report) {
    over = true;
    AnnouncePeerRequest.Builder message = envelope();
    if (report instanceof PeerReport.Failed(String description)) {
      if (atOrigin) {
        message.setDownloadPeerBackToSourceFailedRequest(
            DownloadPeerBackToSourceFailedRequest.newBuilder()
                .setDescription(orUnknown(description)));
      } else {
        message.setDownloadPeerFailedRequest(
            DownloadPeerFailedRequest.newBuilder().setDescription(orUnknown(description)));
      }
    } else if (atOrigin) {
      message.setDownloadPeerBackToSourceFinishedRequest(
          DownloadPeerBackToSourceFinishedRequest.getDefaultInstance());
    } else {
      message.setDownloadPeerFinishedRequest(DownloadPeerFinishedRequest.getDefaultInstance());
    }
    return Outcome.send(message.build());
  }

  /** Validation wants a description to be absent or to say something. */
  private static String orUnknown(String text) {
    return text.isEmpty() ? NO_REASON : text;
  }

  @Override
  public Outcome<AnnouncePeerRequest> answer(AnnouncePeerResponse answer) {
    waiting = false;
    answered = true;
    answers++;
    List<AnnouncePeerRequest> messages = new ArrayList<>();
    List<SwarmOrder> orders = new ArrayList<>();
    switch (answer.getResponseCase()) {
      case EMPTY_TASK_RESPONSE -> {
        started(messages);
        orders.add(new SwarmOrder.Empty());
      }
      case NORMAL_TASK_RESPONSE -> {
        started(messages);
        orders.add(parents(answer.getNormalTaskResponse().getCandidateParentsList()));
      }
      case NEED_BACK_TO_SOURCE_RESPONSE -> {
        if (!atOrigin && !over) {
          atOrigin = true;
          messages.add(
              envelope()
                  .setDownloadPeerBackToSourceStartedRequest(
                      DownloadPeerBackToSourceStartedRequest.getDefaultInstance())
                  .build());
        }
        orders.add(
            new SwarmOrder.GoToOrigin(
                answer.getNeedBackToSourceResponse().getDescription(), new BitSet()));
      }
      case METADATA_ONLY_RESPONSE -> {
        started(messages);
        orders.add(new SwarmOrder.MetadataOnly());
      }
      case RESPONSE_NOT_SET -> throw new IllegalArgumentException("an answer without content");
    }
    PeerReport last = finalReport;
    if (last != null) {
      finalReport = null;
      messages.addAll(last(last).messages());
    }
    return new Outcome<>(messages, orders);
  }

  private void started(List<AnnouncePeerRequest> messages) {
    if (!atOrigin && !over) {
      messages.add(
          envelope()
              .setDownloadPeerStartedRequest(DownloadPeerStartedRequest.getDefaultInstance())
              .build());
    }
  }

  private SwarmOrder parents(List<Peer> peers) {
    if (peers.size() > MOST_CANDIDATES) {
      throw new IllegalArgumentException(peers.size() + " candidate parents");
    }
    List<ParentInfo> parents = new ArrayList<>();
    for (Peer candidate : peers) {
      parents.add(
          new ParentInfo(
              new PeerId(candidate.getId()),
              new HostId(candidate.getHost().getId()),
              candidate.getHost().getIp(),
              candidate.getHost().getPort(),
              candidate.getHost().getType() != 0));
      candidates.put(candidate.getId(), candidate);
    }
    while (candidates.size() > MOST_CANDIDATES) {
      candidates.remove(candidates.keySet().iterator().next());
    }
    return new SwarmOrder.Parents(parents);
  }
}
