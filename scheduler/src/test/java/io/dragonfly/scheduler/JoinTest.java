package io.dragonfly.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.FinishedPiece;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.PieceRoot;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.scheduler.TestClient.JoinedPeer;
import io.dragonfly.scheduler.TestClient.UpstreamPeer;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Join over a real connection. */
final class JoinTest {
  private static final Content CONTENT =
      Content.newBuilder()
          .setLength(2 * TestClient.PIECE)
          .setPieceLength(TestClient.PIECE)
          .setVersion("\"etag\"")
          .putHeaders("ETag", "\"etag\"")
          .build();
  private static final ByteString ROOT = ByteString.copyFrom(new byte[32]);

  private Scheduler scheduler = new Scheduler(SchedulerConfig.loopback(), Optional.empty());
  private TestClient client = new TestClient(1);

  @BeforeEach
  void start() throws Exception {
    scheduler.start();
    client.close();
    client = new TestClient(scheduler.port());
    client.announce("a", 0, 4001);
    client.announce("b", 0, 4002);
  }

  @AfterEach
  void stop() {
    client.close();
    scheduler.close();
  }

  @Test
  void theExtensionIsToldInTheHeadersOfAnnounceHost() throws Exception {
    CompletableFuture<Metadata> headers = new CompletableFuture<>();
    ClientCall<AnnounceHostRequest, com.google.protobuf.Empty> call =
        client.channel.newCall(SchedulerGrpc.getAnnounceHostMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata received) {
            headers.complete(received);
          }
        },
        new Metadata());
    call.request(2);
    call.sendMessage(
        AnnounceHostRequest.newBuilder().setHost(TestClient.host("c", 0, 4003)).build());
    call.halfClose();

    assertThat(
            headers
                .get(20, TimeUnit.SECONDS)
                .get(Metadata.Key.of("dragonfly-extension", Metadata.ASCII_STRING_MARSHALLER)))
        .isEqualTo("v1");
  }

  @Test
  void oneReadsTheOriginAndTheOtherIsToldContentParentsAndRoots() {
    JoinedPeer reader = client.join().register("a", "t1", "a-1", TestClient.download(2));
    reader.expectHeaders();
    assertThat(reader.next().hasOriginLease()).isTrue();
    JoinedPeer child = client.join().register("b", "t1", "b-1", TestClient.download(2));
    child.expectHeaders();
    reader.send(JoinRequest.newBuilder().setContent(CONTENT).build());
    assertThat(child.next().getContent()).isEqualTo(CONTENT);

    reader.send(read(0));

    JoinResponse parents = nextOf(child, JoinResponse.OrderCase.PARENTS);
    assertThat(parents.getParents().getParents(0).getPeerId()).isEqualTo("a-1");
    assertThat(parents.getParents().getParents(0).getPort()).isEqualTo(4001);
    reader.send(read(1));
    reader.send(JoinRequest.newBuilder().setFinished(finished()).build());
    assertThat(reader.end().getCode()).isEqualTo(Status.Code.OK);
    child.send(JoinRequest.newBuilder().setFinished(finished()).build());
    assertThat(child.end().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void rootsReachEveryChild() {
    JoinedPeer reader = client.join().register("a", "t1", "a-1", TestClient.download(2));
    reader.next();
    reader.send(JoinRequest.newBuilder().setContent(CONTENT).build());
    reader.send(read(0));
    JoinedPeer child = client.join().register("b", "t1", "b-1", TestClient.download(2));

    JoinResponse roots = nextOf(child, JoinResponse.OrderCase.ROOTS);

    assertThat(roots.getRoots().getRootsList())
        .containsExactly(PieceRoot.newBuilder().setNumber(0).setRoot(ROOT).build());
  }

  @Test
  void upstreamPeersAndOursServeEachOther() {
    JoinedPeer reader = client.join().register("a", "t1", "a-1", TestClient.download(2));
    reader.next();
    reader.send(JoinRequest.newBuilder().setContent(CONTENT).build());
    reader.send(read(0));

    UpstreamPeer child = client.upstream("t1", "b-1").register(TestClient.download(2));

    assertThat(child.next().getNormalTaskResponse().getCandidateParents(0).getId())
        .isEqualTo("a-1");
  }

  @Test
  void afterARestartOfTheSchedulerHoldersAndRootsAreBackWithOneRegistration() throws Exception {
    client.close();
    scheduler.close();
    scheduler = new Scheduler(SchedulerConfig.loopback(), Optional.empty());
    scheduler.start();
    client = new TestClient(scheduler.port());

    JoinedPeer child = client.join().register("b", "t1", "b-1", TestClient.download(2));
    JoinRequest.Builder again = JoinRequest.newBuilder();
    again
        .getRegisterBuilder()
        .setHostId("a")
        .setTaskId("t1")
        .setPeerId("a-1")
        .setDownload(TestClient.download(2))
        .setContent(CONTENT)
        .setPieces(ByteString.copyFrom(new byte[] {3}))
        .addRoots(PieceRoot.newBuilder().setNumber(1).setRoot(ROOT))
        .setHolderOnly(true);
    JoinedPeer holder = client.join();
    holder.send(again.build());
    assertThat(holder.end().getCode()).isEqualTo(Status.Code.OK);

    assertThat(child.next().getContent()).isEqualTo(CONTENT);
    assertThat(nextOf(child, JoinResponse.OrderCase.ROOTS).getRoots().getRoots(0).getNumber())
        .isEqualTo(1);
    client.announce("a", 0, 4001);
    assertThat(nextOf(child, JoinResponse.OrderCase.PARENTS).getParents().getParents(0).getHostId())
        .isEqualTo("a");
  }

  @Test
  void afterARestartAWaitingPeerOfAnUnknownHostIsToldToAnnounceItself() throws Exception {
    client.close();
    scheduler.close();
    scheduler = new Scheduler(SchedulerConfig.loopback(), Optional.empty());
    scheduler.start();
    client = new TestClient(scheduler.port());

    Status end = client.join().register("b", "t1", "b-1", TestClient.download(2)).end();

    assertThat(end.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(end.getDescription()).isEqualTo("host b not found");
  }

  @Test
  void aRefusalOfTheOriginIsSharedWithThoseWhoWait() {
    JoinedPeer reader = client.join().register("a", "t1", "a-1", TestClient.download(2));
    reader.next();
    JoinedPeer child = client.join().register("b", "t1", "b-1", TestClient.download(2));
    JoinRequest.Builder content = JoinRequest.newBuilder().setContent(CONTENT);
    // The child hears the content: it is registered before the refusal is sent.
    reader.send(content.build());
    child.next();
    JoinRequest.Builder refused = JoinRequest.newBuilder();
    refused
        .getOriginFailedBuilder()
        .getBackendBuilder()
        .setStatusCode(403)
        .setMessage("not yours")
        .putHeader("Set-Cookie", "secret")
        .putHeader("WWW-Authenticate", "Bearer");
    reader.send(refused.build());

    JoinResponse answer = nextOf(child, JoinResponse.OrderCase.ORIGIN_REFUSED);

    assertThat(answer.getOriginRefused().getBackend().getStatusCode()).isEqualTo(403);
    assertThat(answer.getOriginRefused().getBackend().getHeaderMap())
        .containsOnlyKeys("WWW-Authenticate");
  }

  @Test
  void aMessageThatIsNotValidEndsTheStream() {
    JoinedPeer early = client.join();
    early.send(JoinRequest.newBuilder().setFinished(finished()).build());
    assertThat(early.end().getCode()).isEqualTo(Status.Code.NOT_FOUND);

    JoinedPeer peer = client.join().register("a", "t1", "a-1", TestClient.download(2));
    peer.next();
    JoinRequest.Builder wrong = JoinRequest.newBuilder();
    wrong
        .getPiecesFinishedBuilder()
        .addPieces(
            FinishedPiece.newBuilder().setNumber(0).setRoot(ByteString.copyFromUtf8("short")));
    peer.send(wrong.build());
    assertThat(peer.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(peer.end().getDescription()).contains("root");
  }

  private static io.dragonfly.api.extension.v1.Finished finished() {
    return io.dragonfly.api.extension.v1.Finished.getDefaultInstance();
  }

  private static JoinRequest read(int piece) {
    JoinRequest.Builder message = JoinRequest.newBuilder();
    message
        .getPiecesFinishedBuilder()
        .addPieces(
            FinishedPiece.newBuilder()
                .setNumber(piece)
                .setLength(TestClient.PIECE)
                .setDigest("crc32:1")
                .setRoot(ROOT)
                .setTrafficType(TrafficType.BACK_TO_SOURCE));
    return message.build();
  }

  private static JoinResponse nextOf(JoinedPeer peer, JoinResponse.OrderCase wanted) {
    while (true) {
      JoinResponse response = peer.next();
      if (response.getOrderCase() == wanted) {
        return response;
      }
    }
  }
}
