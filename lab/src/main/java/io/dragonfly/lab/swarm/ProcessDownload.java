package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A download by a program of its own on the peer. It has ended when the program has, or, for one
 * that goes on to serve others, when a mark appears.
 */
final class ProcessDownload implements Download, AutoCloseable {
  private static final Pattern RECEIVED = Pattern.compile("eth0:\\s*(\\d+)");
  private static final Duration POLL = Duration.ofMillis(10);

  private final Node peer;
  private final List<String> command;
  private final List<Path> outputs;
  private final Optional<Path> mark;
  private final Path log;
  private final Usage usage;
  private volatile Optional<Program> program = Optional.empty();
  private volatile long receivedBefore;

  /**
   * @param command to run on the peer
   * @param mark a file that appears when all is there; absent: the program ends then
   * @param log what it prints
   */
  ProcessDownload(
      Node peer,
      List<String> command,
      List<Path> outputs,
      Optional<Path> mark,
      Path log,
      Usage usage) {
    this.peer = peer;
    this.command = List.copyOf(command);
    this.outputs = List.copyOf(outputs);
    this.mark = mark;
    this.log = log;
    this.usage = usage;
  }

  @Override
  public void run() throws IOException, InterruptedException {
    Program started = Program.start(log, peer.command(command));
    usage.add(started.pid());
    receivedBefore = received(started.pid());
    program = Optional.of(started);
    while (started.isAlive() && mark.filter(Files::exists).isEmpty()) {
      Thread.sleep(POLL);
    }
    if (mark.isEmpty() ? started.await(POLL) != 0 : !Files.exists(mark.get())) {
      throw new IOException(command.getFirst() + " ended without the content: " + started.output());
    }
  }

  /** What came in over the peer's link, headers included. */
  @Override
  public long bytes() {
    return program.map(running -> received(running.pid()) - receivedBefore).orElse(0L);
  }

  private static long received(long pid) {
    try {
      Matcher matcher =
          RECEIVED.matcher(Files.readString(Path.of("/proc", Long.toString(pid), "net", "dev")));
      return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    } catch (IOException e) {
      return 0; // it has ended
    }
  }

  @Override
  public String name() {
    return peer.name();
  }

  @Override
  public List<Path> outputs() {
    return outputs;
  }

  @Override
  public void close() {
    program.ifPresent(Program::close);
  }
}
