package io.dragonfly.dist;

import io.dragonfly.common.file.Directories;
import io.dragonfly.daemon.ClusterView;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * All checks of the doctor, one after the other; each may take a time, and all together as well.
 */
final class Checkup {
  private static final Duration ALL = Duration.ofSeconds(52);
  private static final Duration USUAL = Duration.ofSeconds(10);
  private static final Duration CLUSTER = Duration.ofSeconds(30);
  private static final Duration CLOSE = Duration.ofSeconds(6);

  private final Patient patient;
  private final Map<String, String> environment;
  private final Path directory;
  private final Consumer<Finding> findings;
  private final long begin = System.nanoTime();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean ended;

  /**
   * @param directory where files of the moment go
   * @param findings is told what each check found, in order
   */
  Checkup(
      Patient patient,
      Map<String, String> environment,
      Path directory,
      Consumer<Finding> findings) {
    this.patient = patient;
    this.environment = environment;
    this.directory = directory;
    this.findings = findings;
  }

  /**
   * @param pull whether content is pulled through two daemons of the moment
   */
  void run(boolean pull) throws IOException, InterruptedException {
    DaemonChecks daemon = new DaemonChecks(patient);
    ClusterChecks cluster = new ClusterChecks(patient);
    MachineChecks machine = new MachineChecks(patient);
    List<InetSocketAddress> schedulers = List.of();
    try (ClusterView view = new ClusterView(patient.config(), patient.dynconfig())) {
      check("socket", USUAL, () -> List.of(daemon.socket(view)));
      check("health", USUAL, () -> List.of(daemon.health()));
      check("proxy", USUAL, () -> List.of(daemon.proxy()));
      if (check("scheduler", CLUSTER, () -> cluster.schedulers(view))) {
        schedulers = cluster.answering();
      }
      if (!schedulers.isEmpty()) {
        findings.accept(cluster.host(view));
        findings.accept(cluster.seed());
      }
    }
    check("disk", USUAL, machine::disk);
    check("clock", USUAL, () -> List.of(machine.clock(cluster.clocks())));
    check("clients", USUAL, () -> List.of(machine.clients(environment)));
    if (pull) {
      List<InetSocketAddress> known = schedulers;
      check("pull", ALL, () -> List.of(new TrialPull(directory, patient).run(known)));
    }
  }

  /** Whether the check came to an end in time. */
  private boolean check(String name, Duration limit, Callable<List<Finding>> work)
      throws InterruptedException {
    long left = ALL.toNanos() - (System.nanoTime() - begin);
    CompletableFuture<List<Finding>> result = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("doctor-" + name)
            .unstarted(() -> {
              try {
                result.complete(work.call());
              } catch (Exception | Error e) {
                result.completeExceptionally(e);
              }
            });
    synchronized (threads) {
      if (ended) {
        return false;
      }
      threads.add(thread);
      thread.start();
    }
    try {
      result
          .get(Math.clamp(limit.toNanos(), 1, Math.max(1, left)), TimeUnit.NANOSECONDS)
          .forEach(findings);
      return true;
    } catch (TimeoutException e) {
      thread.interrupt();
      findings.accept(
          Finding.fail(
              name,
              "the check did not come to an end",
              "something it asks stands still; try again"));
    } catch (ExecutionException e) {
      if (ended) {
        return false; // Ctrl-C, and not what was looked at
      }
      Throwable cause = e.getCause() == null ? e : e.getCause();
      findings.accept(
          Finding.fail(
              name, "the check failed: " + cause, "the command's --help says what it needs"));
    }
    return false;
  }

  /** Ends what still runs, as far as it does within seconds, and removes all files. */
  void cleanUp() throws IOException {
    List<Thread> left;
    synchronized (threads) {
      ended = true;
      left = List.copyOf(threads);
    }
    left.forEach(Thread::interrupt);
    long until = System.nanoTime() + CLOSE.toNanos();
    try {
      for (Thread thread : left) {
        boolean _ = thread.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Directories.delete(directory);
  }
}
