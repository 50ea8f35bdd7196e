package io.dragonfly.lab.faults;

import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The invariants that hold after every case, on files, counters and processes. */
final class StageChecks {
  private static final Duration SETTLE = Duration.ofSeconds(30);
  private static final Duration AGAIN_LIMIT = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(100);

  private final Stage stage;
  private final List<String> failed = new ArrayList<>();
  private final Set<Path> lasting = new HashSet<>();

  StageChecks(Stage stage) {
    this.stage = stage;
  }

  /** Every download ends in time, with the right bytes or, where that is right, one clear error. */
  void awaitEnds() throws IOException, InterruptedException {
    for (Map.Entry<String, Stage.Running> one : stage.running().entrySet()) {
      String peer = one.getKey();
      long left = Math.max(1, stage.deadline() - System.nanoTime());
      DfgetEnd end = end(one.getValue(), Duration.ofNanos(left));
      if (!end.succeeded()) {
        failed.add(peer);
      }
      boolean errorIsRight = stage.mustFail(peer) || (stage.mayFail(peer) && !end.succeeded());
      (errorIsRight ? end.flawAsError() : end.flawAsSuccess(stage.rightBytes()))
          .ifPresent(flaw -> stage.flaw(peer + ": " + flaw));
    }
  }

  private DfgetEnd end(Stage.Running running, Duration limit)
      throws IOException, InterruptedException {
    Program dfget = running.dfget();
    try {
      int code = dfget.await(limit);
      DfgetEnd end = new DfgetEnd(code, dfget.output(), running.output());
      if (end.succeeded()) {
        lasting.add(running.output());
      }
      return end;
    } catch (IllegalStateException e) {
      throw new IOException("a download has not ended after its limit: " + dfget.output(), e);
    }
  }

  /**
   * Who failed succeeds now; the origin has sent no more than it may; and then everybody has it:
   * another download is right, and costs the origin nothing.
   */
  void everybodyHasIt() throws IOException, InterruptedException {
    for (String peer : failed) {
      again(peer, "repeated");
    }
    if (stage.origin.bytesSent() > stage.budget.allowed()) {
      stage.flaw(
          "the origin sent "
              + stage.origin.bytesSent()
              + " bytes, and may send "
              + stage.budget.allowed());
    }
    long before = stage.origin.bytesSent();
    for (String peer : stage.peers()) {
      again(peer, "from the cache");
    }
    long after = stage.origin.bytesSent();
    if (after != before) {
      stage.flaw("downloads from the caches read " + (after - before) + " bytes from the origin");
    }
  }

  private void again(String peer, String how) throws IOException, InterruptedException {
    end(stage.download(peer), AGAIN_LIMIT)
        .flawAsSuccess(stage.rightBytes())
        .ifPresent(flaw -> stage.flaw(peer + ", " + how + ": " + flaw));
  }

  /**
   * No temporary output, one content and its journal in each cache, no descriptor that was not
   * there before, no process but the daemons. They may take a while.
   */
  void nothingIsLeft() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + SETTLE.toNanos();
    List<String> left = left();
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(POLL);
      left = left();
    }
    left.forEach(stage::flaw);
  }

  private List<String> left() throws IOException, InterruptedException {
    List<String> left = new ArrayList<>();
    try (Stream<Path> files = Files.list(stage.outputs)) {
      files
          .filter(file -> !lasting.contains(file))
          .forEach(file -> left.add("left among the outputs: " + file.getFileName()));
    }
    for (Map.Entry<String, Footprint> base : stage.bases().entrySet()) {
      String daemon = base.getKey();
      Footprint.of(stage.cluster, daemon)
          .growthSince(base.getValue())
          .ifPresent(growth -> left.add(daemon + ": " + growth));
      Set<Path> cache = Footprint.cache(stage.cluster, daemon);
      cache.stream()
          .filter(file -> !Footprint.isLasting(file))
          .forEach(file -> left.add(daemon + ": left in its cache: " + file.getFileName()));
      if (cache.size() > 2) {
        left.add(daemon + ": " + cache.size() + " files in its cache for one content");
      }
      String own = Long.toString(stage.cluster.program(daemon).pid());
      Tool.IP
          .run("netns", "pids", stage.node(daemon).namespace())
          .lines()
          .map(String::strip)
          .filter(pid -> !pid.equals(own))
          .forEach(pid -> left.add(daemon + ": process " + pid + " is left on its host"));
    }
    return left;
  }
}
