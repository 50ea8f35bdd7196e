package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.extension.v1.Held;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TaskOrigin;
import io.dragonfly.daemon.storage.TestContent;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HoldingCallTest {
  private static final int TASKS = 200;
  private static final TestContent CONTENT = TestContent.of(1000, 1000);

  @TempDir Path dir;
  private final ConcurrentLinkedQueue<Register> heard = new ConcurrentLinkedQueue<>();
  private final List<StoredTask> tasks = new ArrayList<>();
  private final AtomicInteger peers = new AtomicInteger();
  private PieceStore store;
  private Server server;
  private ManagedChannel channel;

  /** What the scheduler answers to a task. */
  private UnaryOperator<Held.Builder> answer = held -> held;

  @BeforeEach
  void start() throws IOException {
    store = PieceStore.open(dir, StoreOptions.defaults(), Clock.systemUTC());
    TaskOrigin origin =
        new TaskOrigin(Download.newBuilder().setUrl("http://o/x").build().toByteArray());
    for (int number = 0; number < TASKS; number++) {
      TaskKey key = TestContent.key(String.format(Locale.ROOT, "%064x", number));
      StoredTask task = store.create(key, origin, CONTENT.info());
      var _ = CONTENT.store(task, 0);
      tasks.add(task);
    }
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(
                new SwarmGrpc.SwarmImplBase() {
                  @Override
                  public StreamObserver<Register> hold(StreamObserver<Held> answers) {
                    return new Listener(answers);
                  }
                })
            .build()
            .start();
    channel =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1", server.getPort(), InsecureChannelCredentials.create())
            .build();
  }

  @AfterEach
  void stop() throws IOException {
    channel.shutdownNow();
    server.shutdownNow();
    store.close();
  }

  private final class Listener implements StreamObserver<Register> {
    private final StreamObserver<Held> answers;

    Listener(StreamObserver<Held> answers) {
      this.answers = answers;
    }

    @Override
    public void onNext(Register register) {
      heard.add(register);
      answers.onNext(answer.apply(Held.newBuilder().setTaskId(register.getTaskId())).build());
    }

    @Override
    public void onError(Throwable failure) {
      // The client went away.
    }

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }
  }

  private HoldingCall call() {
    return new HoldingCall(
        channel, new HostId("host"), () -> new PeerId("peer-" + peers.incrementAndGet()));
  }

  @Test
  void allAreToldWithWhatMakesThemAHolderOfEach() throws Exception {
    Map<TaskKey, String> refused = new HashMap<>();

    assertThat(call().tell(tasks.iterator(), refused::put)).isEqualTo(TASKS);

    assertThat(refused).isEmpty();
    assertThat(heard.stream().map(Register::getTaskId))
        .containsExactlyElementsOf(tasks.stream().map(task -> task.key().id().value()).toList());
    assertThat(heard.stream().map(Register::getPeerId)).doesNotHaveDuplicates();
    Register first = heard.element();
    assertThat(first.getHostId()).isEqualTo("host");
    assertThat(first.getDownload().getUrl()).isEqualTo("http://o/x");
    assertThat(first.getContent().getLength()).isEqualTo(1000);
    assertThat(first.getPieces().toByteArray()).containsExactly(1);
    assertThat(first.getRootsList()).containsExactly(PieceMessages.root(0, CONTENT.root(0)));
    assertThat(first.getHolderOnly()).isTrue();
  }

  @Test
  void whatIsRefusedOrCannotBeDescribedCostsNobodyElse() throws Exception {
    answer = held -> held.getTaskId().endsWith("7") ? held.setRefusal("not that") : held;
    List<StoredTask> some = new ArrayList<>(tasks.subList(0, 16));
    some.add(
        store.create(
            TestContent.key("f".repeat(64)), new TaskOrigin(new byte[] {1, 2, 3}), CONTENT.info()));
    List<String> refused = new ArrayList<>();

    int taken = call().tell(some.iterator(), (task, reason) -> refused.add(reason));

    assertThat(taken).isEqualTo(15);
    assertThat(refused).hasSize(2).contains("not that").anyMatch(r -> r.contains("described"));
  }

  @Test
  void aSchedulerThatAnswersForAnotherTaskIsNotBelieved() {
    answer = held -> held.setTaskId("another");
    assertThatThrownBy(() -> call().tell(tasks.iterator(), (task, reason) -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("did not answer for the task");
  }

  @Test
  void aSchedulerThatGoesAwayIsAnError() {
    AtomicInteger answered = new AtomicInteger();
    answer =
        held -> {
          if (answered.incrementAndGet() == 100) {
            server.shutdownNow();
          }
          return held;
        };
    assertThatThrownBy(() -> call().tell(tasks.iterator(), (task, reason) -> {}))
        .isInstanceOf(IOException.class);
  }
}
