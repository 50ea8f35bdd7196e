package io.dragonfly.lab.sim;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.dragonfly.lab.swarm.Bounds;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Prints what came of each run, and of all. */
final class SimulateRuns {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /**
   * What came of one.
   *
   * @param cpuSeconds that the simulation took
   */
  record Run(Outcome outcome, double cpuSeconds) {}

  private final boolean verbose;
  private final boolean linkUse;
  private final PrintStream out;
  private int runs;
  private int broken;
  private double seconds;

  SimulateRuns(boolean verbose, boolean linkUse, PrintStream out) {
    this.verbose = verbose;
    this.linkUse = linkUse;
    this.out = out;
  }

  /**
   * Runs one.
   *
   * @param replay the command line that runs it alone
   */
  @CanIgnoreReturnValue
  Run run(SimOptions options, String replay) {
    long began = System.nanoTime();
    long cpuBefore = THREADS.getCurrentThreadCpuTime();
    Simulation simulation = new Simulation(options, verbose ? out::println : text -> {});
    if (linkUse) {
      simulation.tellLinkUse(out::println);
    }
    Outcome outcome = simulation.run();
    double took = (System.nanoTime() - began) / 1e9;
    double cpu = (THREADS.getCurrentThreadCpuTime() - cpuBefore) / 1e9;
    Bounds bounds = options.bounds();
    runs++;
    seconds += took;
    out.println(
        String.format(
            Locale.ROOT,
            "seed %d: trace %s of %d entries, %d hosts, p50 %.2f s, p99 %.2f s, bound / p50 %.2f,"
                + " T* / p99 %.2f, origin %.3f + %.3f x content, %.1f virtual s in %.1f s"
                + " (%.1f CPU-s, %.1f ms a host)",
            options.seed(),
            outcome.hash(),
            outcome.entries(),
            options.hosts(),
            outcome.percentile(0.5),
            outcome.percentile(0.99),
            bounds.discrete() / outcome.percentile(0.5),
            bounds.fluid() / outcome.percentile(0.99),
            outcome.originBytes() / options.size(),
            outcome.aloneBytes() / options.size(),
            outcome.endedAt(),
            took,
            cpu,
            1000 * cpu / options.hosts()));
    Violation violation = outcome.violation();
    if (violation != null) {
      tell(violation, outcome, options, replay);
    }
    return new Run(outcome, cpu);
  }

  /** Runs it in all models and says how much the coarse ones err. */
  void compare(SimOptions options, String replay) {
    Run fine = run(options, replay);
    compare("coarse", run(options.coarse(), replay), fine);
    compare("coarser", run(options.coarser(), replay), fine);
  }

  private void compare(String name, Run coarse, Run fine) {
    out.println(
        String.format(
            Locale.ROOT,
            "the %s model errs by %+.1f %% at p50 and %+.1f %% at p99, and takes %.2f of the"
                + " CPU time",
            name,
            error(fine, coarse, 0.5),
            error(fine, coarse, 0.99),
            coarse.cpuSeconds() / fine.cpuSeconds()));
  }

  private static double error(Run fine, Run coarse, double part) {
    return 100 * (coarse.outcome().percentile(part) / fine.outcome().percentile(part) - 1);
  }

  private void tell(Violation violation, Outcome outcome, SimOptions options, String replay) {
    broken++;
    List<Integer> fewest = Simulation.fewest(options, violation);
    out.println(
        String.format(
            Locale.ROOT, "BROKEN at %.3f s: %s", violation.at() / 1e9, violation.getMessage()));
    outcome.faults().stream()
        .filter(fault -> fewest.contains(fault.number()))
        .forEach(fault -> out.println("  fault " + fault));
    out.println(
        "  replay: "
            + replay
            + (fewest.isEmpty()
                ? ""
                : " --only "
                    + fewest.stream().map(String::valueOf).collect(Collectors.joining(","))));
  }

  /** Returns whether all runs kept all rules. */
  boolean sum() {
    if (runs > 1) {
      out.println(
          String.format(
              Locale.ROOT,
              "%d of %d runs kept all rules, in %.1f s",
              runs - broken,
              runs,
              seconds));
    }
    return broken == 0;
  }
}
