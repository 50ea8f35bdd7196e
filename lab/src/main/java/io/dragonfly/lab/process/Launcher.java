package io.dragonfly.lab.process;

import java.nio.file.Path;
import java.util.List;

/** How a program of ours is started. */
public sealed interface Launcher {
  /** The command line up to the arguments of the role: dfdaemon, scheduler, dfget ... */
  List<String> command(String role);

  /** A JVM with the class path of this one and small limits, for tests. */
  static Launcher ofClassPath() {
    return new ClassPath();
  }

  /** The scripts of an unpacked distribution, as a user starts them. */
  static Launcher ofDistribution(Path directory) {
    return new Distribution(directory);
  }

  /** Programs named like the roles, such as upstream's, in a directory. */
  static Launcher ofPrograms(Path directory) {
    return new Programs(directory);
  }

  /** See {@link #ofClassPath}. */
  record ClassPath() implements Launcher {
    @Override
    public List<String> command(String role) {
      return List.of(
          // Whoever runs the tests in the background ignores INT, and would hand that on.
          "env",
          "--default-signal=INT",
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "--enable-native-access=ALL-UNNAMED",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xmx256m",
          "-XX:MaxDirectMemorySize=256m",
          "-cp",
          System.getProperty("java.class.path", ""),
          "io.dragonfly.dist.Main",
          role);
    }
  }

  /** See {@link #ofDistribution}. */
  record Distribution(Path directory) implements Launcher {
    @Override
    public List<String> command(String role) {
      return List.of(directory.resolve("bin").resolve(role).toString());
    }
  }

  /** See {@link #ofPrograms}. */
  record Programs(Path directory) implements Launcher {
    @Override
    public List<String> command(String role) {
      return List.of(directory.resolve(role).toString());
    }
  }
}
