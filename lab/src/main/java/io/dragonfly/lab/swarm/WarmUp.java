package io.dragonfly.lab.swarm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Daemons run for months: their code is compiled before the race, by work of the same kind. */
final class WarmUp {
  private WarmUp() {}

  /** Lets all download at once, and waits until what that left behind is done as well. */
  static void run(List<? extends Download> downloads, Usage usage)
      throws IOException, InterruptedException {
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<?>> running = new ArrayList<>();
      for (Download download : downloads) {
        running.add(
            threads.submit(() -> {
              download.run();
              return null;
            }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("the warm-up failed: " + e.getCause(), e);
    }
    usage.awaitRest(); // compilers still have work then
  }
}
