package io.dragonfly.common.telemetry;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.jul.LevelChangePropagator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.Duration;
import ch.qos.logback.core.util.FileSize;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.lifecycle.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.slf4j.ILoggerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sets logging up for a whole program; its roles only log. Called once by {@code main}, before
 * anything else. Files are {@code {directory}/{name}.log}, then {@code .log.1} (the most recent)
 * and so on. What java.util.logging gets is logged as well.
 *
 * <p>Lines are written by a thread of their own. If the disk or the terminal cannot keep up, lines
 * are dropped, those below WARN first: the program never waits for its log.
 *
 * <p>If the system property {@code logback.configurationFile} is set, that file counts and the
 * options do not.
 */
public final class Logging implements AutoCloseable {
  private static final int QUEUE = 8192;
  private static final int FLUSH_MILLIS = 5000;

  /** Line breaks in a message become spaces, so that no peer can forge a line. */
  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{24}"
          + " %replace(%msg){'[\\r\\n]+', ' '}%n%ex";

  /** Libraries that are of interest only to somebody who debugs. */
  private static final List<String> LIBRARIES =
      List.of("io.grpc", "io.netty", "com.sun.net.httpserver", "sun.net.www", "org.apache.hc");

  private final LoggerContext context;

  private Logging(LoggerContext context) {
    this.context = context;
  }

  /**
   * Replaces whatever logged before.
   *
   * @param name of the program; begins the names of the files
   * @return what writes the rest of the log and ends logging
   * @throws StartException if the directory cannot be written to
   */
  public static Logging configure(String name, LogOptions options) throws StartException {
    ILoggerFactory factory = LoggerFactory.getILoggerFactory();
    if (!(factory instanceof LoggerContext context)) {
      throw new IllegalStateException("another logging library is in use: " + factory);
    }
    if (System.getProperty("logback.configurationFile") == null) {
      context.reset();
      context.setName(name);
      var propagator = new LevelChangePropagator();
      propagator.setContext(context);
      propagator.setResetJUL(true);
      propagator.start();
      context.addListener(propagator);
      Appender<ILoggingEvent> target =
          options.directory().isPresent()
              ? file(context, name, options.directory().get(), options)
              : console(context);
      setLevels(context, options.level());
      context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(async(context, target));
      context.start();
    }
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    return new Logging(context);
  }

  /** Writes what is still queued, for at most 5 seconds, and closes the files. */
  @Override
  public void close() {
    SLF4JBridgeHandler.uninstall();
    context.stop();
  }

  private static void setLevels(LoggerContext context, LogOptions.LogLevel level) {
    Level root =
        switch (level) {
          case OFF -> Level.OFF;
          case ERROR -> Level.ERROR;
          case WARN -> Level.WARN;
          case INFO -> Level.INFO;
          case DEBUG -> Level.DEBUG;
          case TRACE -> Level.TRACE;
        };
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(root);
    boolean quiet = level == LogOptions.LogLevel.INFO || level == LogOptions.LogLevel.DEBUG;
    if (quiet) {
      for (String library : LIBRARIES) {
        context.getLogger(library).setLevel(Level.WARN);
      }
    }
  }

  private static Appender<ILoggingEvent> async(
      LoggerContext context, Appender<ILoggingEvent> target) {
    var async = new AsyncAppender();
    async.setContext(context);
    async.setName("async");
    async.setQueueSize(QUEUE);
    async.setNeverBlock(true);
    async.setMaxFlushTime(FLUSH_MILLIS);
    async.addAppender(target);
    async.start();
    return async;
  }

  private static Appender<ILoggingEvent> console(LoggerContext context) {
    var console = new ConsoleAppender<ILoggingEvent>();
    console.setContext(context);
    console.setName("console");
    console.setEncoder(encoder(context));
    console.start();
    return console;
  }

  private static Appender<ILoggingEvent> file(
      LoggerContext context, String name, Path directory, LogOptions options)
      throws StartException {
    Path file = directory.toAbsolutePath().resolve(name + ".log");
    checkWritable(file);

    var appender = new RollingFileAppender<ILoggingEvent>();
    appender.setContext(context);
    appender.setName("file");
    appender.setFile(file.toString());
    appender.setAppend(true);
    appender.setEncoder(encoder(context));

    var window = new UncappedWindow();
    window.setContext(context);
    window.setParent(appender);
    window.setFileNamePattern(escaped(file) + ".%i");
    window.setMinIndex(1);
    window.setMaxIndex(Math.max(1, options.maxFiles() - 1));
    window.start();

    var size = new SizeBasedTriggeringPolicy<ILoggingEvent>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(options.maxFileBytes()));
    size.setCheckIncrement(Duration.buildByMilliseconds(100));
    size.start();

    appender.setRollingPolicy(window);
    appender.setTriggeringPolicy(size);
    appender.start();
    return appender;
  }

  /** Percent signs and parentheses in a path would be taken for logback's pattern language. */
  private static String escaped(Path file) {
    return file.toString().replaceAll("([%()\\\\])", "\\\\$1");
  }

  private static PatternLayoutEncoder encoder(LoggerContext context) {
    var encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    return encoder;
  }

  /** Logback would only mention on the console that it cannot write, and go on without a log. */
  private static void checkWritable(Path file) throws StartException {
    try {
      Files.createDirectories(file.getParent());
      Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND).close();
    } catch (IOException e) {
      throw new StartException(
          "cannot write the log to "
              + file
              + ": "
              + FileProblem.of(e)
              + ". Choose another directory with --log-dir, or log to the console with --console",
          e);
    }
  }

  /** Logback keeps 20 files at most, for renaming many takes time; ours are large and few. */
  private static final class UncappedWindow extends FixedWindowRollingPolicy {
    @Override
    protected int getMaxWindowSize() {
      return 1000;
    }
  }
}
