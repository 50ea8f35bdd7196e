package io.dragonfly.lab.clients;

import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every client gets through two daemons and a seed. */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ClientsTest {
  @SuppressWarnings("NullAway.Init") // set before the first test
  private Bench bench;

  private List<Client> clients = List.of();

  @BeforeAll
  void open() throws Exception {
    bench = Bench.open();
    bench.start();
    clients =
        List.of(
            new CurlClient(bench, bench.files()),
            new WgetClient(bench),
            new SkopeoClient(bench),
            new ContainerdClient(bench, bench.registry()),
            new DockerClient(bench),
            new PodmanClient(bench),
            new PipClient(bench, bench.files()),
            new AptClient(bench),
            new GitLfsClient(
                bench, bench.files(), bench.lfs(bench.files().url() + GitLfsClient.OBJECTS)));
  }

  @AfterAll
  void close() throws Exception {
    if (bench != null) {
      bench.close();
    }
  }

  List<Client> clients() {
    return clients;
  }

  @ParameterizedTest
  @Order(1)
  @MethodSource("clients")
  void theSecondHostGetsItFromItsPeersAndTheOriginIsReadOnce(Client client) throws Exception {
    Bench.require(client.tools());
    Content content = client.publish("swarm");
    bench.assertReadOnce(content, daemon -> client.get(daemon, content));
  }

  @ParameterizedTest
  @Order(2)
  @MethodSource("clients")
  void withoutASchedulerEachReadsTheOriginOnce(Client client) throws Exception {
    Bench.require(client.tools());
    Program scheduler = bench.cluster().program(ProcessCluster.SCHEDULER);
    if (scheduler.isAlive()) {
      scheduler.kill();
    }
    Content content = client.publish("alone");
    client.get(Bench.ONE, content);
    client.get(Bench.TWO, content);
    Bench.assertRead(2, content);
  }
}
