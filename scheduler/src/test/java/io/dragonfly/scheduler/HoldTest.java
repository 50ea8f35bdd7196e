package io.dragonfly.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.Held;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.PieceRoot;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.scheduler.TestClient.JoinedPeer;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hold over a real connection. */
@Timeout(60)
final class HoldTest {
  private static final Content CONTENT =
      Content.newBuilder()
          .setLength(2 * TestClient.PIECE)
          .setPieceLength(TestClient.PIECE)
          .setVersion("\"etag\"")
          .build();

  private final Scheduler scheduler = new Scheduler(SchedulerConfig.loopback(), Optional.empty());
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

  private static final class Holding extends TestClient.Call<Register, Held> {
    Holding(TestClient client) {
      super(client.channel, SwarmGrpc.getHoldMethod());
    }
  }

  private static Register.Builder register(String task) {
    return Register.newBuilder()
        .setHostId("a")
        .setTaskId(task)
        .setPeerId("a-" + task)
        .setDownload(TestClient.download(2))
        .setContent(CONTENT)
        .setPieces(ByteString.copyFrom(new byte[] {3}))
        .addRoots(PieceRoot.newBuilder().setNumber(1).setRoot(ByteString.copyFrom(new byte[32])))
        .setHolderOnly(true);
  }

  @Test
  void aHostIsAParentForWhatItSaysItHolds() {
    Holding holding = new Holding(client);
    List<String> told = new ArrayList<>();
    for (int number = 0; number < 1000; number++) {
      told.add("t" + number);
      holding.send(register("t" + number).build());
    }
    holding.halfClose();

    List<String> answered = new ArrayList<>();
    for (int number = 0; number < 1000; number++) {
      Held held = holding.next();
      assertThat(held.getRefusal()).isEmpty();
      answered.add(held.getTaskId());
    }
    assertThat(answered).isEqualTo(told);
    assertThat(holding.end().getCode()).isEqualTo(Status.Code.OK);

    JoinedPeer child = client.join().register("b", "t500", "b-1", TestClient.download(2));
    JoinResponse order = child.next();
    while (!order.hasParents()) {
      assertThat(order.hasOriginLease()).isFalse();
      order = child.next();
    }
    assertThat(order.getParents().getParents(0).getPeerId()).isEqualTo("a-t500");
  }

  @Test
  void whatIsRefusedDoesNotKeepTheRestUnknown() {
    Holding holding = new Holding(client);
    holding.send(register("t1").setPeerId("").build());
    holding.send(register("t2").setHolderOnly(false).build());
    holding.send(register("t3").build());
    holding.send(register("t3").setHostId("b").build());
    holding.halfClose();

    assertThat(holding.next().getRefusal()).startsWith("INVALID_ARGUMENT: peer_id");
    assertThat(holding.next().getRefusal()).startsWith("INVALID_ARGUMENT: holder_only");
    assertThat(holding.next()).isEqualTo(Held.newBuilder().setTaskId("t3").build());
    assertThat(holding.next().getRefusal())
        .isEqualTo("INVALID_ARGUMENT: peer a-t3 is registered by host a");
    assertThat(holding.end().getCode()).isEqualTo(Status.Code.OK);
  }
}
