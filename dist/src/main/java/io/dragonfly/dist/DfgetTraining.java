package io.dragonfly.dist;

import io.dragonfly.cli.Dfget;
import io.dragonfly.cli.Terminal;
import io.dragonfly.common.file.Directories;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Downloads through a stub of the daemon's socket, in each of the ways dfget usually goes. */
final class DfgetTraining {
  private static final String ANSWER =
      """
      started task=4ca1 peer=127.0.0.1-training host=127.0.0.1-training length=4 piece-length=4194304
      progress bytes=4 cache=4 peers=0 seed=0 origin=0
      """;
  private static final String DONE = "done bytes=4 millis=1 cache=4 peers=0 seed=0 origin=0\n";
  private static final int ROUNDS = 20;

  private DfgetTraining() {}

  static void run() throws IOException {
    Path directory = Files.createTempDirectory("dragonfly-training");
    try {
      train(directory);
    } finally {
      Directories.delete(directory);
    }
  }

  private static void train(Path directory) throws IOException {
    Path socket = directory.resolve("s");
    // As the launch script says it; finding out by itself would load what a real start never does.
    System.setProperty("dragonfly.terminal", "true");
    Dfget.chooseProviders();
    Terminal real = Terminal.ofProcess();
    List<Terminal> terminals =
        List.of(terminal(directory, real.interactive()), terminal(directory, false));
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofPlatform().daemon().start(() -> serve(server));
      String url = "http://127.0.0.1:1/training";
      String endpoint = socket.toString();
      for (int round = 0; round < ROUNDS; round++) {
        Terminal terminal = terminals.get(round % terminals.size());
        String output = directory.resolve("out").toString();
        Dfget.run(new String[] {url, "-O", output, "--overwrite", "-e", endpoint}, terminal);
        Dfget.run(
            new String[] {
              url,
              "--output=" + output,
              "--overwrite",
              "-e",
              endpoint,
              "-H",
              "A: b",
              "--tag",
              "t",
              "--transfer-from-dfdaemon",
              "--digest",
              "crc32:3632233996",
              "--timeout",
              "1m"
            },
            terminal);
      }
      Dfget.run(new String[] {"--help"}, terminals.getFirst());
      Dfget.run(new String[] {"--version"}, terminals.getFirst());
      Dfget.run(new String[] {"--no-such-option"}, terminals.getFirst());
    }
  }

  private static Terminal terminal(Path directory, boolean interactive) {
    return new Terminal(
        new PrintStream(OutputStream.nullOutputStream()),
        new PrintStream(OutputStream.nullOutputStream()),
        Map.of("HOME", directory.toString(), "COLUMNS", "80"),
        directory,
        interactive);
  }

  private static void serve(ServerSocketChannel server) {
    ByteBuffer request = ByteBuffer.allocate(64 << 10);
    try {
      while (true) {
        try (SocketChannel client = server.accept()) {
          request.clear();
          client.read(request);
          String text = new String(request.array(), 0, request.position(), StandardCharsets.UTF_8);
          String content = text.contains("\noutput: ") ? "" : "content offset=0 length=4\ntest";
          client.write(
              ByteBuffer.wrap((ANSWER + content + DONE).getBytes(StandardCharsets.US_ASCII)));
        }
      }
    } catch (ClosedChannelException e) {
      // The training is over.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
