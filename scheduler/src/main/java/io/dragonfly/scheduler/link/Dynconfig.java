package io.dragonfly.scheduler.link;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.config.Loaded;
import io.dragonfly.scheduler.swarm.SwarmLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dynamic configuration in a local file. It is read again from time to time; a file that can't
 * be read or is wrong changes nothing: the last good one counts.
 */
public final class Dynconfig implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Dynconfig.class);

  private final Path file;
  private final Duration interval;
  private final Consumer<SwarmLimits> changed;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("scheduler-dynconfig").unstarted(task));
  private SwarmLimits limits = SwarmLimits.defaults();
  private String complaint = "";

  /**
   * Reads nothing yet.
   *
   * @param changed is told what is new, from the caller of {@link #start} and from a thread of its
   *     own
   */
  public Dynconfig(Path file, Duration interval, Consumer<SwarmLimits> changed) {
    this.file = file;
    this.interval = interval;
    this.changed = changed;
  }

  /**
   * Makes the file when it is missing and its directory can be written, reads it, and goes on
   * reading.
   *
   * @throws ConfigException when there is a file and it is wrong
   */
  public void start() throws ConfigException {
    generate();
    if (Files.exists(file)) {
      apply(read());
    }
    // A look catches what it throws, so the future never has news.
    Future<?> _ =
        timer.scheduleWithFixedDelay(
            this::refresh, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  private SwarmLimits read() throws ConfigException {
    Loaded<DynconfigFile> loaded = ConfigLoader.load(file, DynconfigFile.class, Keys.ANY_CASE);
    if (!loaded.unknownKeys().isEmpty()) {
      complain("keys that mean nothing: " + loaded.unknownKeys());
    }
    return loaded.value().limits();
  }

  private void refresh() {
    try {
      if (Files.exists(file)) {
        if (isEmpty()) {
          complain("kept as it was: the file is empty. Write at least a comment to mean defaults");
        } else {
          apply(read());
        }
      }
    } catch (ConfigException | IOException | RuntimeException e) {
      complain("kept as it was: " + e.getMessage());
    }
  }

  /** Most likely it is just being written. */
  private boolean isEmpty() throws IOException {
    return Files.size(file) == 0;
  }

  private synchronized void apply(SwarmLimits read) {
    if (!sameAs(read)) {
      limits = read;
      log.info(
          "event=dynconfig_read file={} parents={} applications={}",
          file,
          read.candidateParents(),
          read.applications().size());
      changed.accept(read);
    }
  }

  /** Patterns have no equality; their text has. */
  private boolean sameAs(SwarmLimits read) {
    return limits.toString().equals(read.toString());
  }

  /** Once for each text, not once for each look. */
  private synchronized void complain(String text) {
    if (!text.equals(complaint)) {
      complaint = text;
      log.warn("event=dynconfig_problem file={} problem={}", file, text);
    }
  }

  private void generate() {
    Path directory = file.toAbsolutePath().getParent();
    if (Files.exists(file) || directory == null || !Files.isWritable(directory)) {
      return;
    }
    try {
      Files.createFile(file, ownerOnly());
      Files.write(
          file,
          DynconfigFile.DEFAULTS.getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.TRUNCATE_EXISTING);
      log.info("event=dynconfig_generated file={}", file);
    } catch (IOException e) {
      log.warn("event=dynconfig_not_generated file={} why={}", file, e.getMessage());
    }
  }

  private static FileAttribute<?>[] ownerOnly() {
    if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(Set.copyOf(PosixFilePermissions.fromString("rw-------")))
    };
  }
}
