package io.dragonfly.dist;

import io.dragonfly.cli.Amounts;
import io.dragonfly.cli.download.DaemonClient;
import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.cli.download.ProgressListener;
import io.dragonfly.cli.download.Shares;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.net.HostPort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Two daemons of the moment, one after the other: the first reads content that never was before at
 * an origin of its own, the second has to get all of it from the first. They keep their files below
 * one directory, and say goodbye to the scheduler at the end.
 */
final class TrialPull {
  private static final long LENGTH = 12 << 20;
  private static final Duration ANNOUNCEMENT = Duration.ofSeconds(5);
  private static final Duration DOWNLOAD = Duration.ofSeconds(10);

  /** The scheduler then asks no seed, which could not reach an origin on loopback. */
  private static final int READ_IT_HERE = 3;

  private final Path directory;
  private final Patient patient;

  TrialPull(Path directory, Patient patient) {
    this.directory = directory;
    this.patient = patient;
  }

  /**
   * @param schedulers to register at; without one, at a scheduler of the moment
   */
  Finding run(List<InetSocketAddress> schedulers) throws InterruptedException {
    if (schedulers.isEmpty()) {
      return result(tried(List.of(), "b"), "with a scheduler of the moment, as none answers", "");
    }
    String where = "with the scheduler " + HostPort.of(schedulers.getFirst());
    Trial trial = tried(schedulers, "a");
    if (trial.problem().isEmpty()) {
      return result(trial, where, "");
    }
    Trial alone = tried(List.of(), "b");
    return result(
        trial,
        where,
        alone.problem().isEmpty()
            ? "with a scheduler of the moment it works: look into the log of the configured one"
            : "with a scheduler of the moment it fails as well (" + alone.problem() + ")");
  }

  /**
   * @param problem empty when all went well
   */
  private record Trial(String problem, long millis) {}

  private static Finding result(Trial trial, String where, String more) {
    if (trial.problem().isEmpty()) {
      return Finding.pass(
          "pull",
          Amounts.bytes(LENGTH)
              + " "
              + where
              + " in "
              + Amounts.time(trial.millis())
              + ": read at the origin once, passed on by the first peer to the second, SHA-256"
              + " equal");
    }
    return Finding.fail(
        "pull",
        where + ", " + trial.problem(),
        more.isEmpty() ? "see whether something forbids connections on loopback" : more);
  }

  private Trial tried(List<InetSocketAddress> schedulers, String name) throws InterruptedException {
    long begin = System.nanoTime();
    String problem;
    try {
      problem = pull(schedulers, Files.createDirectory(directory.resolve(name)));
    } catch (IOException | StartException e) {
      problem = String.valueOf(e.getMessage());
    }
    return new Trial(problem, (System.nanoTime() - begin) / 1_000_000);
  }

  private String pull(List<InetSocketAddress> schedulers, Path place)
      throws IOException, StartException, InterruptedException {
    DemoContent content = new DemoContent(new SecureRandom().nextLong(), LENGTH);
    try (DemoOrigin origin = new DemoOrigin(content, /* ranges= */ true).start();
        LocalCluster cluster = new LocalCluster(place)) {
      if (schedulers.isEmpty()) {
        cluster.startScheduler();
      } else {
        cluster.join(schedulers.stream().map(HostPort::of).toList());
      }
      String names = "doctor-" + ProcessHandle.current().pid() + "-";
      String yaml = schedulers.isEmpty() ? "" : tls();
      LocalMember first = cluster.addPeer(names + 1, yaml);
      LocalMember second = cluster.addPeer(names + 2, yaml);
      for (LocalMember member : List.of(first, second)) {
        member.start();
        if (!member.awaitAnnounced(ANNOUNCEMENT)) {
          return "the scheduler does not accept the host of a peer";
        }
      }
      Optional<String> problem = download(first, origin, "first");
      long read = origin.bytes();
      if (problem.isEmpty()) {
        problem = download(second, origin, "second");
      }
      if (problem.isEmpty() && origin.bytes() > read) {
        problem = Optional.of("the second peer read the origin, too");
      }
      return problem.orElse("");
    }
  }

  /** How the configured daemon makes itself known to its schedulers. */
  private String tls() {
    var scheduler = patient.config().scheduler();
    if (scheduler.caCert().isEmpty() || scheduler.cert().isEmpty() || scheduler.key().isEmpty()) {
      return "";
    }
    return "scheduler: {caCert: \"%s\", cert: \"%s\", key: \"%s\"}\n"
        .formatted(scheduler.caCert().get(), scheduler.cert().get(), scheduler.key().get());
  }

  /** Returns what went wrong. */
  private static Optional<String> download(LocalMember member, DemoOrigin origin, String name) {
    DownloadSpec spec =
        new DownloadSpec(
            origin.url(),
            member.directory().resolve("output"),
            /* overwrite= */ false,
            /* forceHardLink= */ false,
            /* stream= */ false,
            Optional.of("sha256:" + origin.sha256()),
            Optional.empty(),
            Optional.empty(),
            READ_IT_HERE,
            OptionalLong.empty(),
            List.of(),
            Optional.empty(),
            /* disableBackToSource= */ false,
            DOWNLOAD,
            Optional.empty(),
            OptionalLong.empty());
    try (DaemonClient client = DaemonClient.connect(member.socket())) {
      Outcome outcome = client.download(spec, /* stream= */ false, new Silence());
      Shares shares = outcome.shares();
      boolean read = name.equals("first");
      long expected = read ? shares.origin() : shares.peers();
      if (outcome.bytes() != LENGTH || expected != LENGTH) {
        return Optional.of(
            "the "
                + name
                + " peer did not get all from "
                + (read ? "the origin" : "the first one")
                + " ("
                + Amounts.shares(shares)
                + ")");
      }
      return Optional.empty();
    } catch (DownloadFailure e) {
      return Optional.of("the " + name + " peer's download failed: " + e.getMessage());
    }
  }

  private static final class Silence implements ProgressListener {
    @Override
    public void started(long contentLength) {}

    @Override
    public void progress(long received) {}
  }
}
