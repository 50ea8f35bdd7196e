package io.dragonfly.cli.setup;

/**
 * How a client of this host is set up.
 *
 * @param name as {@code dragonfly setup} knows it
 * @param installed whether its program is there
 * @param state whether it uses the daemon
 * @param problem what is wrong with its configuration; empty unless the state is {@link
 *     State#UNCLEAR}
 */
public record ClientState(String name, boolean installed, State state, String problem) {
  /** Whether a client uses the daemon. */
  public enum State {
    /** It pulls through the daemon's proxy. */
    USES,
    /** Nothing in its configuration speaks of the daemon. */
    DOES_NOT,
    /** It was set up for another address, or what was set up is not in force. */
    ELSEWHERE,
    /** Its configuration can't be read. */
    UNCLEAR
  }
}
