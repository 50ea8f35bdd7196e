package io.dragonfly.lab.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole swarms, in which everything that can go wrong does. */
class SimulationTest {
  private static final long FIRST_SEED = 100;
  private static final long SEEDS = 200;

  @Test
  void noRuleIsBrokenWhateverGoesWrong() {
    List<String> broken = new ArrayList<>();
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      Outcome outcome = new Simulation(SimOptions.random(seed), text -> {}).run();
      Violation violation = outcome.violation();
      if (violation != null) {
        broken.add(violation.getMessage() + ": ./dragonfly lab simulate --random --seed " + seed);
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void twoProcessesWithOneSeedHaveOneTrace() throws Exception {
    String first = traces();
    assertThat(first).contains("trace").isEqualTo(traces());
  }

  /** What another process prints, without the times it took. */
  private static String traces() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "io.dragonfly.lab.Lab",
                "unused",
                "simulate",
                "--random",
                "--seed",
                "3",
                "--runs",
                "3")
            .redirectErrorStream(true)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    return text.lines()
        .filter(line -> line.startsWith("seed"))
        .map(line -> line.substring(0, line.indexOf(" virtual s")))
        .reduce("", (all, line) -> all + line + "\n");
  }

  @Test
  void theCoarseModelIsNotFarFromTheFineOne() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SimulateRuns runs =
        new SimulateRuns(
            /* verbose= */ false,
            /* linkUse= */ false,
            new PrintStream(out, true, StandardCharsets.UTF_8));
    SimOptions options = SimOptions.random(0).withHosts(40);
    double fine = runs.run(options, "").outcome().percentile(0.5);
    double coarse = runs.run(options.coarse(), "").outcome().percentile(0.5);
    assertThat(coarse).isBetween(0.9 * fine, 2 * fine);
    runs.compare(options, "");
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("the coarse model errs by");
  }

  @Test
  void whoLooksAtTheLinksChangesNothing() {
    SimOptions options = SimOptions.random(5).withHosts(20);
    List<String> seconds = new ArrayList<>();
    Outcome seen = new Simulation(options, text -> {}).tellLinkUse(seconds::add).run();
    assertThat(seen.hash()).isEqualTo(new Simulation(options, text -> {}).run().hash());
    assertThat(seconds).hasSizeGreaterThanOrEqualTo((int) seen.percentile(1));
    double carried =
        seconds.stream()
            .map(line -> line.replaceAll(".* down ([0-9.]+),.*", "$1"))
            .mapToDouble(Double::parseDouble)
            .sum();
    // What all hosts and seeds took, in seconds of their links, is the content once each.
    double whole = options.size() / options.rate();
    assertThat(carried).isBetween(0.5 * whole, 2 * whole);
    assertThat(seconds.get(0)).contains("held 0.");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aMistakeMadeOnPurposeIsNoticed(Plant plant) {
    for (long seed = 0; seed < 1000; seed++) {
      if (new Simulation(SimOptions.random(seed).withPlant(plant), text -> {}).run().violation()
          != null) {
        return;
      }
    }
    assertThat(plant).as("not noticed").isNull();
  }
}
