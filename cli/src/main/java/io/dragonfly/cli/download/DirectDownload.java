package io.dragonfly.cli.download;

import io.dragonfly.cli.download.DownloadFailure.Reason;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.source.OriginRange;
import io.dragonfly.daemon.source.OriginRequest;
import io.dragonfly.daemon.source.OriginResponse;
import io.dragonfly.daemon.source.SourceOptions;
import io.dragonfly.daemon.source.Sources;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A download from the origin without a daemon. It is verified like any other, and goes on where an
 * earlier one broke off if the origin still has the same version ({@link ResumableFile}).
 */
public final class DirectDownload implements AutoCloseable {
  private static final int BUFFER = 1 << 20;
  private static final long LONGEST_NAP = 50_000_000;

  /** How often in a row the origin may break off within {@link #FRUIT} bytes. */
  private static final int MOST_FRUITLESS_ATTEMPTS = 4;

  private static final long FRUIT = 64 << 10;

  private final Sources sources;
  private final Cancellation cancellation = new Cancellation();

  public DirectDownload(SourceOptions options) {
    this.sources = Sources.of(options);
  }

  /** Runs one download to its end. */
  public Outcome download(DownloadSpec spec, ProgressListener progress) throws DownloadFailure {
    try {
      Optional<ResumableFile> resumable = ResumableFile.open(spec.output(), spec.url());
      if (resumable.isEmpty()) {
        throw DownloadFailure.of(
            "another dfget is just downloading " + spec.output() + " from the origin");
      }
      try (ResumableFile file = resumable.get()) {
        return download(spec, file, progress);
      }
    } catch (OriginException e) {
      throw new DownloadFailure(Reason.FAILED, e.status(), String.valueOf(e.getMessage()), e);
    } catch (FileAlreadyExistsException e) {
      throw new DownloadFailure(
          Reason.FAILED, spec.output() + " appeared meanwhile; pass --overwrite to replace it", e);
    } catch (IOException e) {
      throw new DownloadFailure(
          Reason.FAILED, "cannot write " + spec.output() + ": " + FileProblem.of(e), e);
    }
  }

  private Outcome download(DownloadSpec spec, ResumableFile file, ProgressListener progress)
      throws IOException, DownloadFailure {
    Outcome outcome = receive(spec, file, progress);
    if (spec.digest().isPresent()) {
      try {
        ContentCheck.verify(file.channel(), Digest.parse(spec.digest().get()));
      } catch (DownloadFailure e) {
        file.discard();
        throw e;
      }
    }
    file.publish(spec.output(), spec.overwrite());
    return outcome;
  }

  /** Reads on, over interruptions and changes of the content, until the file is whole. */
  private Outcome receive(DownloadSpec spec, ResumableFile file, ProgressListener progress)
      throws IOException {
    long deadline = System.nanoTime() + spec.timeout().toNanos();
    long kept = file.position();
    int fruitless = 0;
    while (true) {
      long position = file.position();
      try (OriginResponse answer = open(spec, file, position, deadline)) {
        if (answer.start() != position || position == 0) {
          file.restart();
          position = 0;
          kept = 0;
        }
        file.begin(answer.validators());
        file.channel().truncate(position);
        progress.started(answer.contentLength().orElse(-1));
        long bytes = copy(answer, file.channel(), position, pace(spec), progress);
        return new Outcome(bytes, new Shares(0, 0, 0, bytes - kept, kept));
      } catch (BodyException e) {
        boolean furthered = file.isResumable() && file.position() >= position + FRUIT;
        fruitless = furthered ? 0 : fruitless + 1;
        if (!e.origin.retryable() || fruitless >= MOST_FRUITLESS_ATTEMPTS) {
          throw e.origin;
        }
        if (!file.isResumable()) {
          file.restart();
        }
      }
    }
  }

  /** Asks for the rest, or for everything if what is there is of no use. */
  private OriginResponse open(DownloadSpec spec, ResumableFile file, long position, long deadline)
      throws IOException {
    try {
      return sources.open(request(spec, file, position, deadline));
    } catch (OriginException e) {
      boolean useless =
          e.kind() == OriginException.Kind.CHANGED || e.kind() == OriginException.Kind.NO_RANGES;
      if (position == 0 || !useless) {
        throw e;
      }
      file.restart();
      return sources.open(request(spec, file, 0, deadline));
    }
  }

  private long copy(
      OriginResponse answer, FileChannel file, long start, Pace pace, ProgressListener progress)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    buffer.limit(pace.grain(BUFFER));
    long position = start;
    for (; read(answer, buffer) >= 0; buffer.clear().limit(pace.grain(BUFFER))) {
      buffer.flip();
      pause(pace.reserve(buffer.remaining()));
      while (buffer.hasRemaining()) {
        position += file.write(buffer, position);
      }
      progress.progress(position);
    }
    return position;
  }

  private static Pace pace(DownloadSpec spec) {
    return spec.bytesPerSecond().isPresent()
        ? FairBucket.ofRate(spec.bytesPerSecond().getAsLong()).paceOf(spec)
        : Pace.FREE;
  }

  /** Waits for the rate limit; one that is closed meanwhile fails at its next read. */
  private void pause(long nanos) {
    long until = System.nanoTime() + nanos;
    for (long left = nanos; left > 0 && !cancellation.isCancelled(); ) {
      LockSupport.parkNanos(Math.min(left, LONGEST_NAP));
      left = until - System.nanoTime();
    }
  }

  private static int read(OriginResponse answer, ByteBuffer buffer) throws BodyException {
    try {
      return answer.read(buffer);
    } catch (OriginException e) {
      throw new BodyException(e);
    }
  }

  private OriginRequest request(
      DownloadSpec spec, ResumableFile file, long position, long deadline) {
    Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    OriginRequest request =
        OriginRequest.of(spec.url())
            .withHeaders(headers(spec))
            .withTimeout(left)
            .withCancellation(cancellation);
    return position == 0
        ? request
        : request.withRange(OriginRange.from(position)).withExpected(file.validators());
  }

  private static Map<String, String> headers(DownloadSpec spec) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String header : spec.headers()) {
      int colon = header.indexOf(':');
      headers.put(header.substring(0, colon).strip(), header.substring(colon + 1).strip());
    }
    return headers;
  }

  /** Ends the download, from any thread. */
  @Override
  public void close() {
    cancellation.cancel();
    sources.close();
  }

  /** The origin broke off while we read: what arrived counts, and asking for the rest may help. */
  private static final class BodyException extends IOException {
    private static final long serialVersionUID = 1;
    private final OriginException origin;

    BodyException(OriginException origin) {
      super(origin);
      this.origin = origin;
    }
  }
}
