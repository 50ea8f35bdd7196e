package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.errordetails.v2.Backend;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.OriginLease;
import io.dragonfly.api.extension.v1.OriginRefused;
import io.dragonfly.api.extension.v1.Parent;
import io.dragonfly.api.extension.v1.Parents;
import io.dragonfly.api.extension.v1.PieceFailed;
import io.dragonfly.api.extension.v1.PieceRoot;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.Roots;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.PeerReport.FailureReason;
import io.dragonfly.daemon.link.SwarmOrder;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ExtensionDialogueTest {
  private static final TaskId TASK = new TaskId("0123456789abcdef");

  private final ExtensionDialogue dialogue =
      new ExtensionDialogue(new HostId("host"), TASK, 4005, false);

  private JoinRequest say(PeerReport report) {
    return dialogue.report(report).messages().getFirst();
  }

  private SwarmOrder hear(JoinResponse.Builder answer) {
    return dialogue.answer(answer.build()).orders().getFirst();
  }

  @Test
  void aRegistrationCarriesWhatIsHeldAndTheRequestAsItCame() {
    BitSet pieces = new BitSet();
    pieces.set(0);
    pieces.set(9);
    var root = io.dragonfly.common.piece.PieceRoot.of(new byte[32]);
    Download download =
        Download.newBuilder().setUrl("http://h/f").setOutputPath("/o").setTag("t").build();
    Register register =
        say(new PeerReport.Register(
                new PeerId("self"),
                DownloadMessages.request(download),
                Optional.of(ContentInfo.of(100, 10, "v", Map.of("ETag", "x")).guardedBy("place")),
                pieces,
                Map.of(9, root),
                false))
            .getRegister();
    assertThat(register.getHostId()).isEqualTo("host");
    assertThat(register.getPiecePort()).isEqualTo(4005);
    assertThat(register.getTaskId()).isEqualTo(TASK.value());
    assertThat(register.getPeerId()).isEqualTo("self");
    assertThat(register.getDownload()).isEqualTo(download.toBuilder().clearOutputPath().build());
    assertThat(register.getContent().getLength()).isEqualTo(100);
    assertThat(register.getContent().getGuard()).isEqualTo("place");
    assertThat(register.getPieces().toByteArray()).containsExactly(1, 2);
    assertThat(register.getRoots(0).getNumber()).isEqualTo(9);
  }

  @Test
  void whatHappensIsReported() {
    assertThat(
            say(new PeerReport.PiecesDone(List.of(Pieces.fromOrigin(1), Pieces.fromParent(2, "p"))))
                .getPiecesFinished()
                .getPiecesList())
        .extracting(piece -> piece.getNumber() + piece.getParentId())
        .containsExactly("1", "2p");
    assertThat(
            say(new PeerReport.PieceFailed(3, new PeerId("p"), FailureReason.CORRUPT, "bad"))
                .getPieceFailed()
                .getReason())
        .isEqualTo(PieceFailed.Reason.CORRUPT);
    assertThat(
            say(PeerReport.OriginFailed.found(OptionalInt.of(404), Map.of(), "gone"))
                .getOriginFailed()
                .getBackend()
                .getStatusCode())
        .isEqualTo(404);
    assertThat(
            say(PeerReport.OriginFailed.untried("no route"))
                .getOriginFailed()
                .getUnknown()
                .getMessage())
        .isEqualTo("no route");
    assertThat(say(new PeerReport.Finished()).hasFinished()).isTrue();
    assertThat(dialogue.isOver()).isTrue();
    assertThat(dialogue.report(new PeerReport.OriginProgress(1)).messages()).isEmpty();
  }

  @Test
  void ordersAreUnderstood() {
    assertThat(
            hear(
                JoinResponse.newBuilder()
                    .setContent(
                        Content.newBuilder().setPieceLength(10).setVersion("v").setGuard("place"))))
        .isEqualTo(
            new SwarmOrder.Content(
                new ContentInfo(OptionalLong.empty(), 10, "v", Map.of(), "place")));
    SwarmOrder.Parents parents =
        (SwarmOrder.Parents)
            hear(
                JoinResponse.newBuilder()
                    .setParents(
                        Parents.newBuilder()
                            .addParents(
                                Parent.newBuilder()
                                    .setPeerId("p")
                                    .setHostId("h")
                                    .setIp("10.0.0.1")
                                    .setPort(4000)
                                    .setHostType(1)
                                    .setPiecePort(4005))));
    assertThat(parents.parents().getFirst().seed()).isTrue();
    assertThat(parents.parents().getFirst().wholeAt()).isEqualTo(4005);
    BitSet held = new BitSet();
    held.set(3);
    assertThat(
            hear(
                JoinResponse.newBuilder()
                    .setOriginLease(
                        OriginLease.newBuilder()
                            .setDescription("go")
                            .setPiecesHeld(ByteString.copyFrom(new byte[] {8})))))
        .isEqualTo(new SwarmOrder.GoToOrigin("go", held));
    assertThat(
            hear(
                JoinResponse.newBuilder()
                    .setOriginRefused(
                        OriginRefused.newBuilder()
                            .setBackend(Backend.newBuilder().setStatusCode(403).setMessage("no")))))
        .isEqualTo(new SwarmOrder.OriginRefused(OptionalInt.of(403), Map.of(), "no"));
    assertThat(dialogue.answer(JoinResponse.getDefaultInstance()).orders()).isEmpty();
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() ->
            hear(
                JoinResponse.newBuilder()
                    .setRoots(
                        Roots.newBuilder()
                            .addRoots(
                                PieceRoot.newBuilder().setRoot(ByteString.copyFromUtf8("x"))))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            hear(
                JoinResponse.newBuilder()
                    .setContent(Content.newBuilder().setLength(-1).setPieceLength(1))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            hear(
                JoinResponse.newBuilder()
                    .setParents(Parents.newBuilder().addParents(Parent.getDefaultInstance()))))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
