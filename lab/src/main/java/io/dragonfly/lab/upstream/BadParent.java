package io.dragonfly.lab.upstream;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/**
 * A daemon of upstream's kind in a process of its own, which takes a content honestly and then
 * answers badly whoever asks it for pieces. It prints {@link #READY} when it has the content, and
 * {@link #ASKED} for each of its answers.
 */
public final class BadParent {
  /** How it answers. */
  public enum Manner {
    /** A bit of each piece is flipped, and the checksum is made to fit. */
    FLIPS_BITS,
    /** Half of the answer comes, and then nothing; the connection stays open. */
    STALLS
  }

  /** What it prints when it has all. */
  public static final String READY = "ready";

  /** What it prints when it is asked. */
  public static final String ASKED = "asked";

  private BadParent() {}

  /**
   * The command line that starts it with the class path of this JVM.
   *
   * @param address its own
   * @param directory for the content
   */
  public static List<String> command(
      Manner manner,
      String name,
      String address,
      InetSocketAddress scheduler,
      String url,
      Path directory) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path", ""),
        BadParent.class.getName(),
        manner.name(),
        name,
        address,
        scheduler.getHostString(),
        Integer.toString(scheduler.getPort()),
        url,
        directory.toString());
  }

  /** Takes what {@link #command} gives. */
  public static void main(String[] args) throws Exception {
    Manner manner = Manner.valueOf(args[0].toUpperCase(Locale.ROOT));
    InetSocketAddress scheduler =
        new InetSocketAddress(InetAddress.ofLiteral(args[3]), Integer.parseInt(args[4]));
    Download download = Download.newBuilder().setUrl(args[5]).build();
    try (Logging _ = Logging.configure("lab", LogOptions.console(LogLevel.WARN));
        UpstreamDaemon daemon =
            UpstreamDaemon.start(
                Path.of(args[6]), args[1], /* seed= */ false, args[2], scheduler)) {
      daemon.download(download, UpstreamTaskId.of(download));
      behave(daemon, manner);
      System.out.println(READY);
      new CountDownLatch(1).await();
    }
  }

  private static void behave(UpstreamDaemon daemon, Manner manner) {
    switch (manner) {
      case FLIPS_BITS ->
          daemon.tamper(bytes -> {
            System.out.println(ASKED);
            bytes[bytes.length / 2] ^= 1;
            return bytes;
          });
      case STALLS ->
          daemon.answerWith((answer, out) -> {
            System.out.println(ASKED);
            out.write(answer, 0, answer.length / 2);
            out.flush();
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
    }
  }
}
