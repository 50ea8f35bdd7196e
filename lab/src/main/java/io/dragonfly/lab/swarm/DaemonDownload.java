package io.dragonfly.lab.swarm;

import io.dragonfly.cli.download.DaemonClient;
import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.ProgressListener;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What {@code dfget} does, without its process: one download over a daemon's socket, into a hard
 * link, so that no copy is counted. It ends when the content is verified.
 */
final class DaemonDownload implements Download, ProgressListener {
  private static final int PRIORITY = 6;
  private static final Duration TIMEOUT = Duration.ofHours(2);

  private final String name;
  private final Path socket;
  private final String url;
  private final Path output;
  private volatile long bytes;

  DaemonDownload(String name, Path socket, String url, Path output) {
    this.name = name;
    this.socket = socket;
    this.url = url;
    this.output = output;
  }

  @Override
  public void run() throws IOException {
    DownloadSpec spec =
        new DownloadSpec(
            url,
            output,
            /* overwrite= */ false,
            /* forceHardLink= */ true,
            /* stream= */ false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            PRIORITY,
            OptionalLong.empty(),
            List.of(),
            Optional.empty(),
            /* disableBackToSource= */ false,
            TIMEOUT,
            Optional.empty(),
            OptionalLong.empty());
    try (DaemonClient client = DaemonClient.connect(socket)) {
      client.download(spec, /* stream= */ false, this);
    } catch (DownloadFailure e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public List<Path> outputs() {
    return List.of(output);
  }

  @Override
  public void started(long length) {
    // The length is known from the options.
  }

  @Override
  public void progress(long arrived) {
    bytes = arrived;
  }
}
