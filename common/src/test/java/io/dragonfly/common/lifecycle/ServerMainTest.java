package io.dragonfly.common.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.lifecycle.Signals.StopSignal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ServerMainTest {
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
  private final List<Integer> halts = new CopyOnWriteArrayList<>();
  private final TestSignals signals = new TestSignals();

  /** Signals that the test sends. */
  private static final class TestSignals implements Signals {
    private final CompletableFuture<Consumer<StopSignal>> listener = new CompletableFuture<>();

    @Override
    public Subscription listen(Consumer<StopSignal> received) {
      listener.complete(received);
      return () -> {};
    }

    void send(StopSignal signal) {
      listener.join().accept(signal);
    }
  }

  /** A role that does what the test wants. */
  private static class TestRole implements ServerMain.Role {
    final List<String> events = new CopyOnWriteArrayList<>();
    final CountDownLatch started = new CountDownLatch(1);

    @Override
    public void start() throws Exception {
      events.add("start");
      started.countDown();
    }

    @Override
    public void close() throws Exception {
      events.add("close");
    }
  }

  private CompletableFuture<Integer> run(ServerMain.Role role, Duration closeTimeout) {
    var main =
        new ServerMain(
            "test",
            role,
            signals,
            closeTimeout,
            new PrintStream(errors, true, StandardCharsets.UTF_8),
            halts::add);
    return CompletableFuture.supplyAsync(main::run, task -> Thread.ofVirtual().start(task));
  }

  private String errors() {
    return errors.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aSignalStopsTheRoleCleanly() throws Exception {
    var role = new TestRole();
    CompletableFuture<Integer> code = run(role, Duration.ofSeconds(30));
    role.started.await();
    assertThat(code).isNotDone();

    signals.send(StopSignal.TERM);

    assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ServerMain.SUCCESS);
    assertThat(role.events).containsExactly("start", "close");
    assertThat(errors()).isEmpty();
    assertThat(halts).isEmpty();
  }

  @Test
  void hangUpIsForTheRoleIfItReadsSomethingAgain() throws Exception {
    var role =
        new TestRole() {
          @Override
          public boolean reload() {
            events.add("reload");
            if (events.size() == 3) {
              throw new IllegalStateException("a mistake in it ends nothing");
            }
            return true;
          }
        };
    CompletableFuture<Integer> code = run(role, Duration.ofSeconds(30));
    role.started.await();
    signals.send(StopSignal.HUP);
    signals.send(StopSignal.HUP);
    assertThat(code).isNotDone();
    signals.send(StopSignal.TERM);

    assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ServerMain.SUCCESS);
    assertThat(role.events).containsExactly("start", "reload", "reload", "close");
    assertThat(halts).isEmpty();
  }

  @Test
  void aSecondSignalEndsTheProcessAtOnce() throws Exception {
    var closing = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var role =
        new TestRole() {
          @Override
          public void close() throws Exception {
            closing.countDown();
            release.await();
          }
        };
    CompletableFuture<Integer> code = run(role, Duration.ofSeconds(30));
    signals.send(StopSignal.TERM);
    closing.await();

    signals.send(StopSignal.INT);

    assertThat(halts).containsExactly(130);
    release.countDown();
    code.get(30, TimeUnit.SECONDS);
  }

  @Test
  void aRoleThatDoesNotCloseIsGivenUp() throws Exception {
    var release = new CountDownLatch(1);
    var role =
        new TestRole() {
          @Override
          public void close() throws Exception {
            release.await();
          }
        };
    CompletableFuture<Integer> code = run(role, Duration.ofMillis(50));
    signals.send(StopSignal.INT);

    assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ServerMain.FAILURE);
    assertThat(halts).containsExactly(ServerMain.FAILURE);
    assertThat(errors()).startsWith("test: still stopping after 50 ms");
    release.countDown();
  }

  @Test
  void aStartThatFailsIsOneLineAndClosesWhatWasOpened() throws Exception {
    var role =
        new TestRole() {
          @Override
          public void start() throws Exception {
            throw new StartException("cannot listen on :4000: it is\nin use. Configure another");
          }
        };

    assertThat(run(role, Duration.ofSeconds(30)).get(30, TimeUnit.SECONDS))
        .isEqualTo(ServerMain.FAILURE);
    assertThat(errors())
        .isEqualTo(
            "test: cannot listen on :4000: it is in use. Configure another"
                + System.lineSeparator());
    assertThat(role.events).containsExactly("close");
  }

  @Test
  void aSignalInterruptsAStartThatWaits() throws Exception {
    var role =
        new TestRole() {
          @Override
          public void start() throws Exception {
            super.start();
            new CountDownLatch(1).await();
          }
        };
    CompletableFuture<Integer> code = run(role, Duration.ofSeconds(30));
    role.started.await();

    signals.send(StopSignal.INT);

    assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ServerMain.SUCCESS);
    assertThat(role.events).containsExactly("start", "close");
    assertThat(errors()).isEmpty();
  }

  @Test
  void anExceptionWithoutAMessageIsNamed() {
    assertThat(
            ServerMain.startFailed(
                "test",
                new IllegalStateException(),
                new PrintStream(errors, true, StandardCharsets.UTF_8)))
        .isEqualTo(1);
    assertThat(errors()).contains("unexpected java.lang.IllegalStateException");
  }

  @Test
  void aRoleThatEndsByItselfIsAFailureWithItsReason() throws Exception {
    var ended = new CompletableFuture<Void>();
    var role =
        new TestRole() {
          @Override
          public CompletableFuture<Void> ended() {
            return ended;
          }
        };
    CompletableFuture<Integer> code = run(role, Duration.ofSeconds(30));
    role.started.await();
    ended.completeExceptionally(new IOException("the socket is gone"));

    assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ServerMain.FAILURE);
    assertThat(errors()).startsWith("test: stopped, the socket is gone");
    assertThat(role.events).containsExactly("start", "close");
  }

  @Test
  void aCloseThatFailsIsAFailure() throws Exception {
    var role =
        new TestRole() {
          @Override
          public void close() throws Exception {
            throw new IOException("disk full");
          }
        };
    CompletableFuture<Integer> code = run(role, Duration.ofSeconds(30));
    signals.send(StopSignal.TERM);

    assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(ServerMain.FAILURE);
    assertThat(errors()).startsWith("test: stopping failed, disk full");
  }

  /** What the process test starts. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      System.exit(
          ServerMain.run(
              "program",
              new ServerMain.Role() {
                @Override
                public void start() {
                  System.out.println("ready");
                }

                @Override
                public void close() {
                  System.out.println("closed");
                }
              }));
    }
  }

  @Test
  void theSignalsOfARealProcessStopIt() throws Exception {
    for (String signal : List.of("TERM", "INT", "HUP")) {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m", "-cp"));
      command.add(System.getProperty("java.class.path"));
      command.add(Program.class.getName());
      // A process that was started in the background may ignore INT, and its children with it.
      command.addAll(0, List.of("env", "--default-signal=INT,TERM,HUP"));
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (var output = process.inputReader(StandardCharsets.UTF_8)) {
        Optional<String> ready = output.lines().filter(line -> line.equals("ready")).findFirst();
        assertThat(ready).isPresent();
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
        assertThat(output.lines().toList()).contains("closed");
        await().atMost(Duration.ofSeconds(30)).until(() -> !process.isAlive());
        assertThat(process.exitValue()).as(signal).isZero();
      } finally {
        process.destroyForcibly();
      }
    }
  }
}
