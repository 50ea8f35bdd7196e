package io.dragonfly.daemon.output;

import io.dragonfly.daemon.output.OutputException.Code;
import java.nio.file.attribute.UserPrincipal;

/**
 * Whether this daemon may write a file for a caller. It acts with its own rights only, so it writes
 * for callers who have the same: a daemon that runs as root and wrote for everybody would let
 * everybody write everywhere. Others are refused before anything moves, and take the content over
 * the socket to write it themselves.
 */
public final class OutputRights {
  private final UserPrincipal daemon;

  /**
   * @param daemon the user this process runs as
   */
  public OutputRights(UserPrincipal daemon) {
    this.daemon = daemon;
  }

  void require(Caller caller, OutputTarget target) throws OutputException {
    if (!caller.user().equals(daemon)) {
      throw new OutputException(
          Code.PERMISSION_DENIED,
          "The daemon runs as "
              + daemon.getName()
              + " and may not write "
              + target.path()
              + " for "
              + caller.user().getName()
              + ": take the content over the socket (dfget does so by itself)");
    }
  }
}
