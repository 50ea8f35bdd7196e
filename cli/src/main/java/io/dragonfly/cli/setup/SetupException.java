package io.dragonfly.cli.setup;

import io.dragonfly.common.file.FileProblem;
import java.io.IOException;

/**
 * Something can't be set up; the message names the file, the line if there is one, and what helps.
 */
final class SetupException extends Exception {
  private static final long serialVersionUID = 1L;

  SetupException(String message) {
    super(message);
  }

  private SetupException(String message, Throwable cause) {
    super(message, cause);
  }

  static SetupException at(String file, int line, String message) {
    return new SetupException(file + ", line " + line + ": " + message);
  }

  /**
   * @param doing such as "read /etc/docker/daemon.json"
   */
  static SetupException of(String doing, IOException e) {
    return new SetupException(
        "cannot "
            + doing
            + ": "
            + FileProblem.of(e)
            + ". Run it as a user who may, such as root, or below another directory with --root"
            + " DIR.",
        e);
  }
}
