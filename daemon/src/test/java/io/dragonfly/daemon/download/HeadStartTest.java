package io.dragonfly.daemon.download;

import static io.dragonfly.daemon.download.Machine.content;
import static io.dragonfly.daemon.download.Machine.stored;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** A seed that others wait for reads the first piece alone, for a while. */
final class HeadStartTest {
  private static final Duration ALONE = Duration.ofNanos(HeadStart.NANOS);
  private static final int PIECES = 256;
  private static final int USUAL = DownloadOptions.DEFAULTS.originReads();

  private static Machine withLease(boolean triggered) {
    Machine machine = new Machine();
    machine.attach(1, triggered ? Requests.triggered(Machine.REQUEST) : Machine.REQUEST);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    return machine;
  }

  /** The origin answered, and the answer is read. */
  private static long answered(Machine machine) {
    machine.head(OptionalLong.of(PIECES * Machine.PIECE), "v1", true);
    machine.opened();
    return machine.last(Action.TakeAnswer.class).read();
  }

  private static List<Action.ReadOrigin> runs(Machine machine) {
    return machine.all(Action.ReadOrigin.class);
  }

  @Test
  void othersJoinItOnceTheFirstPieceIsWhole() {
    Machine machine = withLease(true);
    long look = answered(machine);
    machine.after(ALONE.minusMillis(1));
    assertThat(runs(machine)).isEmpty();

    machine.give(new Event.OriginPiece(look, stored(0, true)));
    assertThat(runs(machine)).hasSize(USUAL - 1);
  }

  @Test
  void aConnectionThatIsSlowIsNotLeftAlone() {
    Machine machine = withLease(true);
    long _ = answered(machine);
    machine.after(ALONE.plusMillis(1));
    assertThat(runs(machine)).hasSize(USUAL - 1);
  }

  @Test
  void whatIsKnownOfTheContentMakesNoDifference() {
    Machine machine = new Machine();
    machine.attach(1, Requests.triggered(Machine.REQUEST));
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(PIECES)));
    machine.opened();
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    assertThat(runs(machine)).singleElement().matches(run -> run.first() == 0);

    machine.give(new Event.OriginPiece(runs(machine).getFirst().read(), stored(0, true)));
    assertThat(runs(machine)).hasSize(USUAL);
  }

  @Test
  void aReadThatBreaksIsRepeatedAloneAsWell() {
    Machine machine = withLease(true);
    long look = answered(machine);
    machine.broke(look, Kind.TRUNCATED, 0);
    machine.after(ALONE.plusMillis(100)); // After the longest pause.
    assertThat(runs(machine)).singleElement().matches(run -> run.first() == 0);

    machine.after(ALONE);
    assertThat(runs(machine)).hasSize(USUAL);
  }

  @Test
  void whoNobodyWaitsForBeginsWithAllAtOnce() {
    Machine machine = withLease(false);
    long _ = answered(machine);
    assertThat(runs(machine)).hasSize(USUAL - 1);
  }
}
