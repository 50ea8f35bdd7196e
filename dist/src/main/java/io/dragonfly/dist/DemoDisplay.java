package io.dragonfly.dist;

import io.dragonfly.cli.Amounts;
import io.dragonfly.cli.Terminal;
import java.util.List;

/** How far each peer is: repainted in place on a terminal, a line now and then elsewhere. */
final class DemoDisplay {
  private static final long QUIET_LINE_NANOS = 2_000_000_000L;
  private static final int BAR = 30;

  private final Terminal terminal;
  private final List<DemoPeer> peers;
  private boolean painted;
  private long lastLine;

  DemoDisplay(Terminal terminal, List<DemoPeer> peers, long now) {
    this.terminal = terminal;
    this.peers = peers;
    this.lastLine = now;
  }

  /** Shows the state of a moment; call it several times a second. */
  void show(long now) {
    if (terminal.interactive()) {
      repaint();
    } else if (now - lastLine >= QUIET_LINE_NANOS) {
      lastLine = now;
      StringBuilder line = new StringBuilder();
      for (DemoPeer peer : peers) {
        line.append(line.isEmpty() ? "" : "  ").append(peer.name()).append(' ').append(state(peer));
      }
      terminal.err().println(line);
    }
  }

  private void repaint() {
    StringBuilder text = new StringBuilder();
    if (painted) {
      text.append("\u001b[").append(peers.size()).append('A');
    }
    for (DemoPeer peer : peers) {
      text.append('\r').append(row(peer)).append("\u001b[K\n");
    }
    terminal.err().print(text);
    terminal.err().flush();
    painted = true;
  }

  static String row(DemoPeer peer) {
    long length = peer.length();
    int filled =
        length < 0 ? 0 : length == 0 ? BAR : (int) (Math.min(peer.bytes(), length) * BAR / length);
    return " ".repeat(Math.max(0, 8 - peer.name().length()))
        + peer.name()
        + " ["
        + "=".repeat(filled)
        + " ".repeat(BAR - filled)
        + "] "
        + state(peer);
  }

  private static String state(DemoPeer peer) {
    if (peer.error().isPresent()) {
      return "failed";
    }
    if (peer.outcome().isPresent()) {
      return "done in " + Amounts.time(peer.millis());
    }
    long length = peer.length();
    return length <= 0
        ? Amounts.bytes(peer.bytes())
        : Math.min(100, peer.bytes() * 100 / length) + "%";
  }
}
