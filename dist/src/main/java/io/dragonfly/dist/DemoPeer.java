package io.dragonfly.dist;

import io.dragonfly.cli.download.DaemonClient;
import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.cli.download.ProgressListener;
import io.dragonfly.common.digest.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One of the demo's downloads, on a thread of its own: what {@code dfget} does, without the
 * process. The display reads its progress meanwhile.
 */
final class DemoPeer implements Runnable, ProgressListener {
  private static final Duration TIMEOUT = Duration.ofHours(1);

  private final String name;
  private final Path socket;
  private final Path output;
  private final String url;
  private volatile long length = -1;
  private volatile long bytes;
  private volatile long millis;
  private volatile Optional<Outcome> outcome = Optional.empty();
  private volatile Optional<String> error = Optional.empty();
  private volatile String sha256 = "";

  DemoPeer(LocalMember member, String url) {
    this.name = member.name();
    this.socket = member.socket();
    this.output = member.directory().resolve("output");
    this.url = url;
  }

  @Override
  public void run() {
    long begin = System.nanoTime();
    DownloadSpec spec =
        new DownloadSpec(
            url,
            output,
            /* overwrite= */ false,
            /* forceHardLink= */ false,
            /* stream= */ false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            /* priority= */ 6,
            OptionalLong.empty(),
            List.of(),
            Optional.empty(),
            /* disableBackToSource= */ false,
            TIMEOUT,
            Optional.empty(),
            OptionalLong.empty());
    try (DaemonClient client = DaemonClient.connect(socket)) {
      Outcome result = client.download(spec, /* stream= */ false, this);
      millis = (System.nanoTime() - begin) / 1_000_000;
      bytes = result.bytes();
      outcome = Optional.of(result);
    } catch (DownloadFailure e) {
      millis = (System.nanoTime() - begin) / 1_000_000;
      error = Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** Hashes what was downloaded, and removes it: copies for every peer may be large. */
  void verify() throws IOException {
    MessageDigest digest = Sha256.begin();
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    try (FileChannel file = FileChannel.open(output)) {
      for (; file.read(buffer) >= 0; buffer.clear()) {
        digest.update(buffer.flip());
      }
    }
    Files.delete(output);
    sha256 = Sha256.hex(digest);
  }

  @Override
  public void started(long contentLength) {
    length = contentLength;
  }

  @Override
  public void progress(long received) {
    bytes = received;
  }

  String name() {
    return name;
  }

  /** -1 while it is unknown. */
  long length() {
    return length;
  }

  long bytes() {
    return bytes;
  }

  long millis() {
    return millis;
  }

  Optional<Outcome> outcome() {
    return outcome;
  }

  Optional<String> error() {
    return error;
  }

  boolean isDone() {
    return outcome.isPresent() || error.isPresent();
  }

  /** Hex; empty until {@link #verify}. */
  String sha256() {
    return sha256;
  }
}
