package io.dragonfly.common.file;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where what belongs to a user is when nobody names another place: below {@code HOME}, as for any
 * command of a shell. The system's list of users is not asked, which may say otherwise (sudo,
 * containers): who starts a program and who looks for it must come to the same place.
 */
public final class UserHome {
  /** What a standalone keeps, and the socket at which it is found. */
  private static final String OWN = ".dragonfly";

  private UserHome() {}

  /** The home directory; empty when there is none, or when it is the root of all files. */
  public static Optional<Path> of(Map<String, String> environment) {
    String text = environment.getOrDefault("HOME", "");
    try {
      return Optional.of(Path.of(text))
          .filter(Path::isAbsolute)
          .map(Path::normalize)
          .filter(home -> home.getNameCount() > 0);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** {@code ~/.dragonfly}, whether it exists or not. */
  public static Optional<Path> standalone(Map<String, String> environment) {
    return of(environment).map(home -> home.resolve(OWN));
  }

  /** The socket of the daemon of the standalone in a directory. */
  public static Path socket(Path standalone) {
    return standalone.resolve("dfdaemon.sock");
  }
}
