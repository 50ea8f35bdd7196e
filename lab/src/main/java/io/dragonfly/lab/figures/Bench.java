package io.dragonfly.lab.figures;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Location;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What every figure needs: the programs, a directory, contents, downloads.
 *
 * @param distribution the unpacked distribution
 * @param work an empty directory
 * @param runs how often to measure, at least once
 * @param out where to print
 */
record Bench(Path distribution, Path work, int runs, PrintStream out) {
  private static final Duration LIMIT = Duration.ofMinutes(10);

  /** Prints a line. */
  @FormatMethod
  void print(@FormatString String format, Object... values) {
    out.println(String.format(Locale.ROOT, format, values));
  }

  ProcessCluster cluster(String name) throws IOException {
    return cluster(name, ProcessCluster.freePort());
  }

  ProcessCluster cluster(String name, int schedulerPort) throws IOException {
    return new ProcessCluster(work.resolve(name), schedulerPort, launcher());
  }

  /** Serves the contents: the origin, and the program to compare with. */
  Nginx origin() throws IOException, InterruptedException {
    return Nginx.start(Location.LOOPBACK, files(), Files.createDirectories(work.resolve("nginx")));
  }

  /** The directory of the contents. */
  Path files() throws IOException {
    return Files.createDirectories(work.resolve("files"));
  }

  /** Makes a content. */
  void content(String name, long bytes) throws IOException {
    new LabContent(name.hashCode(), bytes).write(files().resolve(name));
  }

  /** A download whose output is a hard link, so that only the transfer counts; what it printed. */
  String get(ProcessCluster cluster, String daemon, String url, String name)
      throws IOException, InterruptedException {
    return expectSuccess(cluster.dfget(daemon, url, work.resolve(name), "--force-hard-link"));
  }

  /** A download whose output is a file of its own. */
  void getCopy(ProcessCluster cluster, String daemon, String url, String name)
      throws IOException, InterruptedException {
    expectSuccess(cluster.dfget(daemon, url, work.resolve(name)));
  }

  private static String expectSuccess(Program dfget) throws IOException, InterruptedException {
    if (dfget.await(LIMIT) != 0) {
      throw new IOException("dfget failed: " + dfget.output());
    }
    return dfget.output();
  }

  /** The command of a download to a file of its own. */
  List<String> dfget(Path socket, String url, String name) {
    List<String> command = command("dfget");
    command.addAll(List.of("-e", socket.toString(), url, "-O", work.resolve(name).toString()));
    return command;
  }

  /** How a program starts, to which arguments may be added. */
  List<String> command(String role) {
    return new ArrayList<>(launcher().command(role));
  }

  private Launcher launcher() {
    return Launcher.ofDistribution(distribution);
  }
}
