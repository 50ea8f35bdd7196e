package io.dragonfly.lab.process;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One of our programs in a process of its own. What it prints goes to a file. */
public final class Program implements AutoCloseable {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(40);

  /** Columns of /proc/net/tcp, and the code of its listening sockets (see proc(5)). */
  private static final int LOCAL = 1;

  private static final int STATE = 3;
  private static final int INODE = 9;
  private static final String LISTEN = "0A";

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
  public static Program start(Path log, List<String> command) throws IOException {
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

  /** SIGTERM; see {@link #stop} for one that waits. */
  public void terminate() {
    process.destroy();
  }

  /** SIGSTOP: it stands still, its connections stay open. */
  public void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT, after {@link #freeze}. */
  public void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  /** SIGHUP: it reads its configuration again. */
  public void hangUp() throws IOException, InterruptedException {
    signal("HUP");
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

  /** Sockets that listen on this TCP port, of whomever, as far as the process can see. */
  private List<String> listeners(int port) throws IOException {
    String end = String.format(":%04X", port);
    List<String> sockets = new ArrayList<>();
    for (String table : List.of("tcp", "tcp6")) {
      try (Stream<String> lines =
          Files.lines(Path.of("/proc", Long.toString(pid()), "net", table))) {
        lines
            .map(line -> line.strip().split(" +"))
            .filter(row -> row.length > INODE)
            .filter(row -> row[LOCAL].endsWith(end) && row[STATE].equals(LISTEN))
            .forEach(row -> sockets.add("socket:[" + row[INODE] + "]"));
      } catch (NoSuchFileException | UncheckedIOException e) {
        // It has ended, or this kernel has no IPv6.
      }
    }
    return sockets;
  }

  /**
   * Waits until it listens on this TCP port; fails, with what it printed, when it ends or takes
   * longer. Somebody else who has the port is no answer.
   */
  public void awaitListening(int port, Duration limit) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      List<String> listeners = listeners(port);
      List<String> own = descriptors().stream().map(Path::toString).toList();
      if (listeners.stream().anyMatch(own::contains)) {
        return;
      }
      if (!isAlive()) {
        throw new IOException("it ended at once:\n" + output());
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            (listeners.isEmpty()
                    ? "port " + port + " does not open:\n"
                    : "port "
                        + port
                        + " is in use by another program: end that one, or begin anew:\n")
                + output());
      }
      Thread.sleep(20);
    }
  }

  /** Memory of it that is in RAM, in bytes; 0 where /proc is missing or it has ended. */
  public long residentBytes() throws IOException {
    Path status = Path.of("/proc", Long.toString(pid()), "status");
    if (!Files.isReadable(status)) {
      return 0;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 0;
  }

  /** Sockets that it has open; 0 where /proc is missing or it has ended. */
  public long openSockets() throws IOException {
    return descriptors().stream().filter(Program::isSocket).count();
  }

  /** Files that it has open below a directory, with a name or without. */
  public long openFilesBelow(Path directory) throws IOException {
    return descriptors().stream().filter(file -> file.startsWith(directory)).count();
  }

  /** Descriptors that are neither sockets nor files below {@code apart}. */
  public long openFilesBeside(Path apart) throws IOException {
    return descriptors().stream()
        .filter(file -> !isSocket(file) && !file.startsWith(apart))
        .count();
  }

  private static boolean isSocket(Path file) {
    return file.toString().startsWith("socket:");
  }

  /** What its descriptors lead to. */
  private List<Path> descriptors() throws IOException {
    Path directory = Path.of("/proc", Long.toString(pid()), "fd");
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> descriptors = Files.list(directory)) {
        for (Path descriptor : descriptors.toList()) {
          try {
            files.add(Files.readSymbolicLink(descriptor));
          } catch (IOException e) {
            // closed meanwhile
          }
        }
      }
    }
    return files;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
