package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest.RequestCase;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.EmptyTaskResponse;
import io.dragonfly.api.scheduler.v2.MetadataOnlyResponse;
import io.dragonfly.api.scheduler.v2.NeedBackToSourceResponse;
import io.dragonfly.api.scheduler.v2.NormalTaskResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class UpstreamDialogueTest {
  private static final TaskId TASK = new TaskId("0123456789abcdef");
  private static final PeerId SELF = new PeerId("self");
  private static final ContentInfo CONTENT =
      ContentInfo.of(10L << 20, Pieces.LENGTH, "v1", Map.of());

  private final UpstreamDialogue dialogue =
      new UpstreamDialogue(new HostId("host"), TASK, /* mostAnswers= */ 2);

  private static PeerReport.Register register(Optional<ContentInfo> content, DownloadRequest of) {
    return new PeerReport.Register(SELF, of, content, new BitSet(), Map.of(), false);
  }

  private static PeerReport.Register register() {
    return register(Optional.of(CONTENT), DownloadRequest.of(TASK, "http://h/f"));
  }

  private static AnnouncePeerResponse normal(Peer... parents) {
    return AnnouncePeerResponse.newBuilder()
        .setNormalTaskResponse(
            NormalTaskResponse.newBuilder().addAllCandidateParents(List.of(parents)))
        .build();
  }

  private static AnnouncePeerResponse goToOrigin() {
    return AnnouncePeerResponse.newBuilder()
        .setNeedBackToSourceResponse(NeedBackToSourceResponse.newBuilder().setDescription("why"))
        .build();
  }

  private static Peer parent(String id) {
    return Peer.newBuilder()
        .setId(id)
        .setState("Running")
        .setHost(Host.newBuilder().setId("h-" + id).setIp("10.0.0.1").setPort(4000).setType(1))
        .build();
  }

  private List<RequestCase> cases(SwarmDialogue.Outcome<AnnouncePeerRequest> outcome) {
    return outcome.messages().stream().map(AnnouncePeerRequest::getRequestCase).toList();
  }

  @Test
  void aRegistrationSaysHowLongTheContentIs() {
    AnnouncePeerRequest message = dialogue.report(register()).messages().getFirst();

    assertThat(message.getHostId()).isEqualTo("host");
    assertThat(message.getTaskId()).isEqualTo(TASK.value());
    assertThat(message.getPeerId()).isEqualTo("self");
    Download download = message.getRegisterPeerRequest().getDownload();
    assertThat(download.getActualContentLength()).isEqualTo(10 << 20);
    assertThat(download.getActualPieceLength()).isEqualTo(4 << 20);
    assertThat(download.getActualPieceCount()).isEqualTo(3);
    assertThat(dialogue.isWaiting()).isTrue();
  }

  @Test
  void contentOfUnknownLengthIsNotRegisteredUntilItIsKnown() {
    ContentInfo unknown = new ContentInfo(OptionalLong.empty(), 0, "", Map.of());
    DownloadRequest request = DownloadRequest.of(TASK, "http://h/f");
    assertThat(dialogue.report(register(Optional.of(unknown), request)).messages()).isEmpty();
    assertThat(dialogue.report(new PeerReport.PiecesDone(List.of(Pieces.fromOrigin(0)))).messages())
        .isEmpty();
    assertThat(cases(dialogue.report(new PeerReport.ContentLearned(CONTENT))))
        .containsExactly(RequestCase.REGISTER_PEER_REQUEST);
  }

  @Test
  void aDownloadFromParentsRunsAsTheGoSchedulerExpects() {
    dialogue.report(register());
    var answered = dialogue.answer(normal(parent("p1"), parent("p2")));
    assertThat(cases(answered)).containsExactly(RequestCase.DOWNLOAD_PEER_STARTED_REQUEST);
    SwarmOrder.Parents parents = (SwarmOrder.Parents) answered.orders().getFirst();
    assertThat(parents.parents()).extracting(p -> p.peer().value()).containsExactly("p1", "p2");
    assertThat(parents.parents().getFirst().port()).isEqualTo(4000);
    assertThat(parents.parents().getFirst().seed()).isTrue();

    var done = dialogue.report(new PeerReport.PiecesDone(List.of(Pieces.fromParent(1, "p1"))));
    var piece = done.messages().getFirst().getDownloadPieceFinishedRequest().getPiece();
    assertThat(piece.getNumber()).isEqualTo(1);
    assertThat(piece.getParentId()).isEqualTo("p1");
    assertThat(piece.getDigest()).isEqualTo("crc32:7");
    assertThat(piece.hasCost()).isTrue();
    assertThat(piece.hasCreatedAt()).isTrue();

    assertThat(cases(dialogue.report(new PeerReport.Finished())))
        .containsExactly(RequestCase.DOWNLOAD_PEER_FINISHED_REQUEST);
    assertThat(dialogue.isOver()).isTrue();
    assertThat(dialogue.report(new PeerReport.Failed("late")).messages()).isEmpty();
  }

  @Test
  void aDownloadFromTheOriginIsReportedAsOne() {
    dialogue.report(register());
    var answered = dialogue.answer(goToOrigin());
    assertThat(cases(answered))
        .containsExactly(RequestCase.DOWNLOAD_PEER_BACK_TO_SOURCE_STARTED_REQUEST);
    assertThat(
            answered
                .messages()
                .getFirst()
                .getDownloadPeerBackToSourceStartedRequest()
                .hasDescription())
        .isFalse();
    assertThat(answered.orders()).containsExactly(new SwarmOrder.GoToOrigin("why", new BitSet()));
    assertThat(cases(dialogue.report(new PeerReport.PiecesDone(List.of(Pieces.fromOrigin(0))))))
        .containsExactly(RequestCase.DOWNLOAD_PIECE_BACK_TO_SOURCE_FINISHED_REQUEST);
    assertThat(cases(dialogue.report(new PeerReport.Finished())))
        .containsExactly(RequestCase.DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST);
  }

  @Test
  void parentsThatComeAfterTheOriginDoNotStartThePeerAgain() {
    dialogue.report(register());
    dialogue.answer(goToOrigin());
    assertThat(dialogue.answer(normal(parent("p1"))).messages()).isEmpty();
  }

  @Test
  void unwantedParentsAreEchoedCompleteAndOneQuestionWaitsAtATime() {
    dialogue.report(register());
    dialogue.answer(normal(parent("p1"), parent("p2")));
    PeerReport wanted = new PeerReport.ParentsWanted(List.of(new PeerId("p2")), "");
    AnnouncePeerRequest message = dialogue.report(wanted).messages().getFirst();
    assertThat(message.getReschedulePeerRequest().getCandidateParentsList())
        .containsExactly(parent("p2"));
    assertThat(message.getReschedulePeerRequest().getDescription()).isNotEmpty();
    assertThat(dialogue.report(wanted).messages()).isEmpty();
  }

  @Test
  void afterAsManyAnswersAsAllowedTheOriginIsRead() {
    dialogue.report(register());
    dialogue.answer(normal(parent("p1")));
    PeerReport wanted = new PeerReport.ParentsWanted(List.of(), "slow");
    dialogue.report(wanted);
    dialogue.answer(normal(parent("p1")));
    var outcome = dialogue.report(wanted);
    assertThat(outcome.messages()).isEmpty();
    assertThat(outcome.orders().getFirst()).isInstanceOf(SwarmOrder.GoToOrigin.class);
  }

  @Test
  void aPeerThatFinishesBeforeTheFirstAnswerIsStartedFirst() {
    dialogue.report(register());
    assertThat(dialogue.report(new PeerReport.Finished()).messages()).isEmpty();
    assertThat(dialogue.isHoldingLast()).isTrue();
    assertThat(dialogue.isOver()).isFalse();
    assertThat(cases(dialogue.answer(normal(parent("p1")))))
        .containsExactly(
            RequestCase.DOWNLOAD_PEER_STARTED_REQUEST, RequestCase.DOWNLOAD_PEER_FINISHED_REQUEST);
    assertThat(dialogue.isOver()).isTrue();
  }

  @Test
  void aFailureAlwaysSaysWhy() {
    dialogue.report(register());
    AnnouncePeerRequest message = dialogue.report(new PeerReport.Failed("")).messages().getFirst();
    assertThat(message.getDownloadPeerFailedRequest().getDescription()).isNotEmpty();
  }

  @Test
  void whatTheOriginAnsweredIsPassedOnWhileItIsRead() {
    dialogue.report(register());
    PeerReport failed =
        PeerReport.OriginFailed.found(OptionalInt.of(403), Map.of("a", "b"), "forbidden");
    assertThat(dialogue.report(failed).messages()).isEmpty();
    dialogue.answer(goToOrigin());
    var backend =
        dialogue
            .report(failed)
            .messages()
            .getFirst()
            .getDownloadPieceBackToSourceFailedRequest()
            .getBackend();
    assertThat(backend.getStatusCode()).isEqualTo(403);
    assertThat(backend.getHeaderMap()).containsEntry("a", "b");
    assertThat(cases(dialogue.report(new PeerReport.Failed("forbidden"))))
        .containsExactly(RequestCase.DOWNLOAD_PEER_BACK_TO_SOURCE_FAILED_REQUEST);
  }

  @Test
  void aHolderRegistersItsMetadataOnly() {
    var message =
        dialogue
            .report(
                new PeerReport.Register(
                    SELF,
                    DownloadRequest.of(TASK, "http://h/f"),
                    Optional.of(CONTENT),
                    new BitSet(),
                    Map.of(),
                    true))
            .messages()
            .getFirst();
    assertThat(message.getRegisterPeerRequest().getDownload().getMetadataOnly()).isTrue();
    var outcome =
        dialogue.answer(
            AnnouncePeerResponse.newBuilder()
                .setMetadataOnlyResponse(MetadataOnlyResponse.getDefaultInstance())
                .build());
    assertThat(cases(outcome)).containsExactly(RequestCase.DOWNLOAD_PEER_STARTED_REQUEST);
    assertThat(outcome.orders()).containsExactly(new SwarmOrder.MetadataOnly());
  }

  @Test
  void emptyContentIsStartedAndFinished() {
    dialogue.report(register());
    var outcome =
        dialogue.answer(
            AnnouncePeerResponse.newBuilder()
                .setEmptyTaskResponse(EmptyTaskResponse.getDefaultInstance())
                .build());
    assertThat(cases(outcome)).containsExactly(RequestCase.DOWNLOAD_PEER_STARTED_REQUEST);
    assertThat(outcome.orders()).containsExactly(new SwarmOrder.Empty());
  }

  @Test
  void aRangeThatCannotBeServedDoesNotBreakTheDialogue() {
    DownloadRequest request =
        DownloadMessages.request(
            Download.newBuilder()
                .setUrl("http://h/f")
                .putRequestHeader("Range", "bytes=99999999999-")
                .build());
    var registered = dialogue.report(register(Optional.of(CONTENT), request)).messages();
    assertThat(registered.getFirst().getRegisterPeerRequest().getDownload().hasRange()).isFalse();
  }

  @Test
  void aRangeIsSentAsNumbersAndTheOutputPathNotAtAll() {
    Download encoded =
        Download.newBuilder()
            .setUrl("http://h/f")
            .setOutputPath("/home/user/secret-project")
            .putRequestHeader("Range", "bytes=-10")
            .build();
    Download download =
        dialogue
            .report(register(Optional.of(CONTENT), DownloadMessages.request(encoded)))
            .messages()
            .getFirst()
            .getRegisterPeerRequest()
            .getDownload();
    assertThat(download.getRange().getStart()).isEqualTo((10 << 20) - 10);
    assertThat(download.getRange().getLength()).isEqualTo(10);
    assertThat(download.hasOutputPath()).isFalse();
  }
}
