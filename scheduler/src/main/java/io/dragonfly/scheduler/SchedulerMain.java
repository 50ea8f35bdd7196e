package io.dragonfly.scheduler;

import java.io.PrintStream;

/** {@code scheduler [--config FILE] [--dynconfig FILE] [--console] [version]}. */
public final class SchedulerMain {
  private SchedulerMain() {}

  /** Runs until SIGINT or SIGTERM; returns the exit code: 0 clean, 1 failure, 2 usage. */
  public static int main(String[] args, PrintStream out, PrintStream err) {
    err.println("scheduler: not ready");
    out.flush();
    return args.length == 0 ? 1 : 2;
  }
}
