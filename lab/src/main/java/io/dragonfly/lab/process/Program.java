package io.dragonfly.lab.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One of our programs in a process of its own. What it prints goes to a file. */
public final class Program implements AutoCloseable {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(40);

  private final Process process;
  private final Path log;

  private Program(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts a program.
   *
   * @param log file that its output is appended to
   * @param command the program and its arguments
   */
  static Program start(Path log, List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    File output = log.toFile();
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(output));
    return new Program(builder.start(), log);
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** All that it printed so far. */
  public String output() throws IOException {
    try {
      return Files.readString(log);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /**
   * Waits for its end.
   *
   * @return the exit code
   * @throws IllegalStateException when it still runs after {@code limit}; it is then killed
   */
  public int await(Duration limit) throws InterruptedException {
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("process " + pid() + " still runs after " + limit);
    }
    return process.exitValue();
  }

  /** SIGINT, as Ctrl-C sends it. */
  public void interrupt() throws IOException, InterruptedException {
    signal("INT");
  }

  /** SIGSTOP: it stands still, its connections stay open. */
  public void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT, after {@link #freeze}. */
  public void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
  }

  /** SIGKILL. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGTERM, and waits for the end. */
  public int stop() throws InterruptedException {
    process.destroy();
    return await(STOP_LIMIT);
  }

  /**
   * File descriptors that it has open, without those of files below {@code apart}; 0 where /proc is
   * missing or it has ended.
   */
  public int openFiles(Path apart) throws IOException {
    Path descriptors = Path.of("/proc", Long.toString(pid()), "fd");
    if (!Files.isDirectory(descriptors)) {
      return 0;
    }
    int count = 0;
    try (Stream<Path> files = Files.list(descriptors)) {
      for (Path descriptor : files.toList()) {
        if (!leadsBelow(apart, descriptor)) {
          count++;
        }
      }
    }
    return count;
  }

  private static boolean leadsBelow(Path directory, Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(directory);
    } catch (IOException e) {
      return true; // closed meanwhile
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
