package io.dragonfly.lab.swarm;

import io.dragonfly.lab.origin.LabContent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Starts all downloads, watches them, and checks what they brought. */
final class Race {
  private static final Duration SAMPLE = Duration.ofMillis(100);

  private final Setting setting;
  private final List<? extends Download> downloads;
  private final Usage usage;

  Race(Setting setting, List<? extends Download> downloads, Usage usage) {
    this.setting = setting;
    this.downloads = downloads;
    this.usage = usage;
  }

  /** One peer's times on the clock of System.nanoTime. */
  private record Times(long begin, long end) {}

  /** Lets all download; fails when one of them does, or has not ended in time, or differs. */
  List<Outcome.Peer> run() throws IOException, InterruptedException {
    List<List<Outcome.Sample>> samples = new ArrayList<>();
    List<Future<Times>> running = new ArrayList<>();
    CountDownLatch start = new CountDownLatch(1);
    long began;
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      for (int i = 0; i < downloads.size(); i++) {
        Download download = downloads.get(i);
        Duration delay = setting.options().stagger().multipliedBy(i);
        samples.add(new ArrayList<>());
        running.add(threads.submit(() -> time(download, start, delay)));
      }
      usage.begin();
      began = System.nanoTime();
      start.countDown();
      try {
        watch(running, samples, began);
      } catch (IOException e) {
        threads.shutdownNow();
        throw e;
      }
    }
    usage.end();
    List<Outcome.Peer> peers = new ArrayList<>();
    for (int i = 0; i < downloads.size(); i++) {
      Times times = running.get(i).resultNow();
      samples.get(i).add(new Outcome.Sample((times.end - began) / 1e9, 1));
      peers.add(
          new Outcome.Peer(
              downloads.get(i).name(), (times.end - times.begin) / 1e9, samples.get(i)));
    }
    verify();
    return peers;
  }

  private static Times time(Download download, CountDownLatch start, Duration delay)
      throws IOException, InterruptedException {
    start.await();
    Thread.sleep(delay);
    long begin = System.nanoTime();
    download.run();
    return new Times(begin, System.nanoTime());
  }

  private void watch(List<Future<Times>> running, List<List<Outcome.Sample>> samples, long began)
      throws IOException, InterruptedException {
    long deadline = began + setting.options().limit().toNanos();
    for (int i = 0; i < running.size(); ) {
      try {
        running.get(i).get(SAMPLE.toMillis(), TimeUnit.MILLISECONDS);
        i++;
      } catch (TimeoutException e) {
        usage.sample();
        double now = (System.nanoTime() - began) / 1e9;
        for (int j = 0; j < downloads.size(); j++) {
          if (!running.get(j).isDone()) {
            double part = (double) downloads.get(j).bytes() / setting.options().size();
            samples.get(j).add(new Outcome.Sample(now, Math.min(1, part)));
          }
        }
        if (System.nanoTime() > deadline) {
          throw new IOException(
              downloads.get(i).name() + " has not ended after " + setting.options().limit());
        }
      } catch (ExecutionException e) {
        Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
        throw new IOException(
            "the download of " + downloads.get(i).name() + " failed: " + cause.getMessage(), cause);
      }
    }
  }

  private void verify() throws IOException {
    for (Download download : downloads) {
      String sha256 = LabContent.sha256(download.outputs().toArray(Path[]::new));
      if (!sha256.equals(setting.sha256())) {
        throw new IOException(
            download.name() + " has other bytes than the origin: SHA-256 " + sha256);
      }
    }
  }
}
