package io.dragonfly.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.SizeScope;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.StatPeerRequest;
import io.dragonfly.api.scheduler.v2.StatTaskRequest;
import io.dragonfly.scheduler.TestClient.UpstreamPeer;
import io.grpc.Status;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** AnnouncePeer over a real connection, as upstream's program speaks it. */
final class AnnouncePeerTest {
  private final Scheduler scheduler = new Scheduler(SchedulerConfig.loopback(), Optional.empty());
  private TestClient client = new TestClient(1);

  @BeforeEach
  void start() throws Exception {
    scheduler.start();
    client.close();
    client = new TestClient(scheduler.port());
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    scheduler.close();
  }

  @Test
  void headersComeBeforeTheFirstMessageIsSent() {
    client.upstream("t1", "a-1").expectHeaders();
  }

  @Test
  void aPeerOfAnUnknownHostIsToldSo() {
    Status end = client.upstream("t1", "a-1").register(TestClient.download(2)).end();

    assertThat(end.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(end.getDescription()).isEqualTo("host a not found");
  }

  @Test
  void theFirstPeerReadsTheOriginAndTheSecondIsAnsweredWhenAPieceIsThere() throws Exception {
    client.announce("a", 0, 4001);
    client.announce("b", 0, 4002);
    UpstreamPeer first = client.upstream("t1", "a-1").register(TestClient.download(2));
    assertThat(first.next().hasNeedBackToSourceResponse()).isTrue();
    first.originStarted();
    UpstreamPeer second = client.upstream("t1", "b-1").register(TestClient.download(2));
    second.expectHeaders();
    second.expectSilence(300);

    first.piece(0, true);
    AnnouncePeerResponse answer = second.next();

    assertThat(answer.hasNormalTaskResponse()).isTrue();
    Peer parent = answer.getNormalTaskResponse().getCandidateParents(0);
    checkParent(parent);
    second.started();
    second.piece(0, false);
    first.piece(1, true);
    second.piece(1, false);
    first.finished(true);
    assertThat(first.end().getCode()).isEqualTo(Status.Code.OK);
    second.finished(false);
    assertThat(second.end().getCode()).isEqualTo(Status.Code.OK);
    assertThat(stat("t1", "b-1").getState()).isEqualTo("Succeeded");
    checkTask();
  }

  private static void checkParent(Peer parent) {
    assertThat(parent.getId()).isEqualTo("a-1");
    assertThat(parent.getState()).isEqualTo("BackToSource");
    assertThat(parent.hasCost() && parent.hasCreatedAt() && parent.hasUpdatedAt()).isTrue();
    assertThat(parent.getHost().getId()).isEqualTo("a");
    assertThat(parent.getHost().getIp()).isEqualTo("127.0.0.1");
    assertThat(parent.getHost().getPort()).isEqualTo(4001);
    assertThat(parent.getHost().getDownloadPort()).isEqualTo(4001);
    assertThat(parent.getHost().getNetwork().getMaxTxBandwidth()).isEqualTo(1000);
    assertThat(parent.getHost().getName()).isEmpty();
    Task task = parent.getTask();
    assertThat(task.getId()).isEqualTo("t1");
    assertThat(task.getUrl()).isEqualTo("http://origin.example/file");
    assertThat(task.getState()).isEqualTo("Running");
    assertThat(task.hasCreatedAt() && task.hasUpdatedAt()).isTrue();
    assertThat(parent.toString()).doesNotContain("secret");
  }

  private void checkTask() {
    Task task =
        client.scheduler.statTask(
            StatTaskRequest.newBuilder().setHostId("a").setTaskId("t1").build());
    assertThat(task.getContentLength()).isEqualTo(2 * TestClient.PIECE);
    assertThat(task.getPieceCount()).isEqualTo(2);
    assertThat(task.getSizeScope()).isEqualTo(SizeScope.NORMAL);
    assertThat(task.getState()).isEqualTo("Succeeded");
    assertThat(task.getPeerCount()).isEqualTo(2);
    assertThat(task.getHasAvailablePeer()).isTrue();
    assertThat(task.toString()).doesNotContain("secret");
  }

  @Test
  void anEmptyTaskIsAnsweredAtOnce() {
    client.announce("a", 0, 4001);
    UpstreamPeer peer =
        client.upstream("t1", "a-1").register(TestClient.download(0).setActualContentLength(0));
    assertThat(peer.next().hasEmptyTaskResponse()).isTrue();
    peer.started();
    peer.finished(false);
    assertThat(peer.end().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void aHolderThatSaysSoServesTheNext() {
    client.announce("a", 0, 4001);
    client.announce("b", 0, 4002);
    UpstreamPeer holder =
        client.upstream("t1", "a-1").register(TestClient.download(2).setMetadataOnly(true));
    assertThat(holder.next().hasMetadataOnlyResponse()).isTrue();
    holder.started();
    holder.finished(false);
    assertThat(holder.end().getCode()).isEqualTo(Status.Code.OK);

    UpstreamPeer child = client.upstream("t1", "b-1").register(TestClient.download(2));

    assertThat(child.next().getNormalTaskResponse().getCandidateParents(0).getId())
        .isEqualTo("a-1");
  }

  @Test
  void aRescheduleIsAnsweredWithSomebodyElse() {
    client.announce("a", 0, 4001);
    client.announce("b", 0, 4002);
    client.announce("c", 0, 4003);
    holder("a-1");
    UpstreamPeer child = client.upstream("t1", "c-1").register(TestClient.download(2));
    Peer tried = child.next().getNormalTaskResponse().getCandidateParents(0);
    assertThat(tried.getId()).isEqualTo("a-1");
    child.started();
    holder("b-1");

    AnnouncePeerRequest.Builder message = child.message();
    message
        .getReschedulePeerRequestBuilder()
        .addCandidateParents(tried)
        .setDescription("not all pieces are downloaded from parent");
    child.send(message.build());

    AnnouncePeerResponse again = child.next();
    assertThat(again.getNormalTaskResponse().getCandidateParentsList())
        .extracting(Peer::getId)
        .containsExactly("b-1");
  }

  @Test
  void whatIsNotValidEndsTheStreamInPlainWords() {
    client.announce("a", 0, 4001);
    UpstreamPeer foreign = client.upstream("../etc", "a-1").register(TestClient.download(1));
    assertThat(foreign.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(foreign.end().getDescription()).contains("task_id");

    UpstreamPeer unset = client.upstream("t1", "a-2");
    unset.send(unset.message().build());
    assertThat(unset.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);

    UpstreamPeer noUrl = client.upstream("t1", "a-3").register(Download.newBuilder());
    assertThat(noUrl.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(noUrl.end().getDescription()).contains("download.url");

    UpstreamPeer stranger = client.upstream("t1", "a-4");
    stranger.finished(false);
    assertThat(stranger.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(stranger.end().getDescription()).isEqualTo("peer a-4 not found");
  }

  @Test
  void aFailedPeerIsLetGo() {
    client.announce("a", 0, 4001);
    UpstreamPeer peer = client.upstream("t1", "a-1").register(TestClient.download(1));
    peer.next();
    AnnouncePeerRequest.Builder message = peer.message();
    message.getDownloadPeerBackToSourceFailedRequestBuilder().setDescription("disk full");
    peer.send(message.build());

    assertThat(peer.end().getCode()).isEqualTo(Status.Code.OK);
    assertThat(stat("t1", "a-1").getState()).isEqualTo("Failed");
  }

  @Test
  void anOriginThatRefusesTheFirstIsNotAskedAgainWithTheSameHeaders() {
    client.announce("a", 0, 4001);
    client.announce("b", 0, 4002);
    UpstreamPeer first = client.upstream("t1", "a-1").register(TestClient.download(1));
    first.next();
    first.originStarted();
    UpstreamPeer second = client.upstream("t1", "b-1").register(TestClient.download(1));
    second.expectHeaders();
    AnnouncePeerRequest.Builder message = first.message();
    message
        .getDownloadPieceBackToSourceFailedRequestBuilder()
        .getBackendBuilder()
        .setMessage("gone away")
        .setStatusCode(404);
    // The second registration has to be there before the refusal: it is answered only then.
    org.awaitility.Awaitility.await().until(() -> known("t1", "b-1"));
    first.send(message.build());

    Status end = second.end();

    assertThat(end.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(end.getDescription()).contains("404");
  }

  @Test
  void aSeedIsTriggeredWithTheDownloadAsItCame() throws Exception {
    try (TestSeed seed = new TestSeed()) {
      client.announce("s", 1, seed.port());
      client.announce("a", 0, 4001);
      UnknownFieldSet future =
          UnknownFieldSet.newBuilder()
              .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
              .build();
      UpstreamPeer child =
          client
              .upstream("t1", "a-1")
              .register(TestClient.download(2).setOutputPath("/tmp/x").setUnknownFields(future));

      TestSeed.Asked asked = seed.next();

      assertThat(asked.download().getNeedBackToSource()).isTrue();
      assertThat(asked.download().hasOutputPath()).isFalse();
      assertThat(asked.download().getUnknownFields()).isEqualTo(future);
      assertThat(asked.download().getRequestHeaderMap())
          .containsEntry("Authorization", "Bearer secret");
      child.expectSilence(200);
      UpstreamPeer reader = client.upstream("t1", "s-1").register(TestClient.download(2));
      assertThat(reader.next().hasNeedBackToSourceResponse()).isTrue();
      reader.originStarted();
      reader.piece(0, true);
      assertThat(child.next().getNormalTaskResponse().getCandidateParents(0).getId())
          .isEqualTo("s-1");
    }
  }

  @Test
  void aSeedThatFailsHandsTheOriginToTheOneThatWaits() throws Exception {
    try (TestSeed seed = new TestSeed()) {
      client.announce("s", 1, seed.port());
      client.announce("a", 0, 4001);
      UpstreamPeer child = client.upstream("t1", "a-1").register(TestClient.download(2));
      seed.next().answer().onError(Status.INTERNAL.asRuntimeException());

      assertThat(child.next().hasNeedBackToSourceResponse()).isTrue();
    }
  }

  @Test
  void aSeedThatFinishesWithoutRegisteringIsAHolder() throws Exception {
    try (TestSeed seed = new TestSeed()) {
      client.announce("s", 1, seed.port());
      client.announce("a", 0, 4001);
      UpstreamPeer child = client.upstream("t1", "a-1").register(TestClient.download(1));
      seed.next().answer().onCompleted();

      assertThat(child.next().getNormalTaskResponse().getCandidateParents(0).getHost().getId())
          .isEqualTo("s");
    }
  }

  @Test
  void aSeedThatDoesNotRegisterIsCalledOffAndTheNextReadsTheOrigin() throws Exception {
    try (TestSeed seed = new TestSeed()) {
      client.announce("s", 1, seed.port());
      client.announce("a", 0, 4001);
      UpstreamPeer child = client.upstream("t1", "a-1").register(TestClient.download(1));
      TestSeed.Asked asked = seed.next();

      assertThat(child.next().hasNeedBackToSourceResponse()).isTrue();
      assertThat(asked.cancelled().poll(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    }
  }

  private void holder(String name) {
    UpstreamPeer holder =
        client.upstream("t1", name).register(TestClient.download(2).setMetadataOnly(true));
    holder.next();
    holder.finished(false);
    holder.end();
  }

  private boolean known(String task, String peer) {
    try {
      return stat(task, peer).getId().equals(peer);
    } catch (io.grpc.StatusRuntimeException e) {
      return false;
    }
  }

  private Peer stat(String task, String peer) {
    return client.scheduler.statPeer(
        StatPeerRequest.newBuilder().setHostId("a").setTaskId(task).setPeerId(peer).build());
  }
}
