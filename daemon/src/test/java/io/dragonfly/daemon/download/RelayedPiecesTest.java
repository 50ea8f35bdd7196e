package io.dragonfly.daemon.download;

import static io.dragonfly.daemon.download.Machine.content;
import static io.dragonfly.daemon.download.Machine.joined;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pieces that parents still get, and pass on as they come in. */
class RelayedPiecesTest {
  private static void begin(Machine machine, String name, int piece) {
    begin(machine, machine.sync(name), piece);
  }

  private static void begin(Machine machine, int sync, int piece) {
    machine.give(
        new Event.ParentFeatures(sync, true),
        new Event.ParentBegins(sync, piece, "10.0.0.1", 4001));
  }

  @Test
  void aPieceIsAskedOfAParentThatHasBegunToGetIt() {
    Machine machine = joined(2);
    machine.parents("p");
    begin(machine, "p", 1);

    assertThat(machine.fetchOf(1).parent()).isEqualTo(Machine.parent("p"));
    assertThat(machine.fetchOf(1).root()).contains(Machine.root(1));
    machine.fetched(1);
    assertThat(machine.reports(PeerReport.PiecesDone.class)).isNotEmpty();
  }

  @Test
  void withoutARootItWaitsForTheWholePiece() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(2)));
    machine.opened();
    machine.parents("p");
    begin(machine, "p", 1);
    assertThat(machine.all(Action.Fetch.class)).isEmpty();

    machine.order(new SwarmOrder.Roots(Machine.roots(2)));
    assertThat(machine.all(Action.Fetch.class)).hasSize(1);
  }

  @Test
  void whoHasThePieceIsAskedRatherThanWhoGetsIt() {
    Machine machine = joined(1);
    machine.parents("relay", "holder");
    machine.give(
        new Event.ParentFeatures(machine.sync("relay"), true),
        new Event.ParentFeatures(machine.sync("holder"), true),
        new Event.ParentBegins(machine.sync("relay"), 0, "10.0.0.1", 4001),
        new Event.ParentPiece(machine.sync("holder"), 0, "10.0.0.1", 4001));

    assertThat(machine.fetchOf(0).parent()).isEqualTo(Machine.parent("holder"));
  }

  @Test
  void aRelayThatBreaksIsNoFaultOfTheParent() {
    Machine machine = joined(1);
    machine.parents("p");
    int sync = machine.sync("p");
    for (Reason reason : List.of(Reason.UNREACHABLE, Reason.STALLED, Reason.MISSING)) {
      machine.forget();
      begin(machine, sync, 0);
      machine.give(new Event.FetchFailed(machine.fetchOf(0).fetch(), reason, "its source went"));
      assertThat(machine.reports(PeerReport.PieceFailed.class)).as(reason.name()).isEmpty();
      assertThat(machine.all(Action.Fetch.class)).as("not asked again before it tells").hasSize(1);
    }

    machine.forget();
    machine.give(new Event.ParentPiece(sync, 0, "10.0.0.1", 4001));
    assertThat(machine.fetchOf(0).parent()).isEqualTo(Machine.parent("p"));
  }

  @Test
  void aRelayThatSendsWrongBytesIsDropped() {
    Machine machine = joined(1);
    machine.parents("p");
    begin(machine, "p", 0);
    machine.give(new Event.FetchFailed(machine.fetchOf(0).fetch(), Reason.CORRUPT, "another hash"));

    assertThat(machine.reports(PeerReport.PieceFailed.class)).hasSize(1);
    assertThat(machine.all(Action.Unfollow.class)).hasSize(1);
  }
}
