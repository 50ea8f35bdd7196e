package io.dragonfly.common.lifecycle;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one role in the foreground: starts it, waits for a signal or for the role's own end, and
 * closes it within a bound.
 *
 * <pre>
 *   public static void main(String[] args) {
 *     System.exit(ServerMain.run("scheduler", role));
 *   }
 * </pre>
 *
 * Exit codes: 0 after a clean stop; 1 when the role cannot start, ends by itself, or fails to
 * close; 2 (usage) is the caller's. An error is one line on stderr, {@code name: message}. A second
 * signal ends the process at once with 128 + its number; so does a close that takes too long, with
 * 1.
 */
public final class ServerMain {
  public static final int SUCCESS = 0;
  public static final int FAILURE = 1;
  public static final int USAGE = 2;

  /** How long a role may take to close before the process is ended anyway. */
  public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(ServerMain.class);

  private final String name;
  private final Role role;
  private final Signals signals;
  private final Duration closeTimeout;
  private final PrintStream errors;
  private final IntConsumer halt;
  private final ReentrantLock reloading = new ReentrantLock();

  /** What runs. */
  public interface Role {
    /**
     * Opens sockets and threads; returns when the role serves. A signal interrupts the thread.
     *
     * @throws StartException for what an operator can mend; its message is all that is printed
     */
    void start() throws Exception;

    /**
     * SIGHUP came, at any time before a stop: reads the configuration again. Called on a thread of
     * its own, one call at a time.
     *
     * @return false (as by default) if there is nothing to read again: then SIGHUP means to stop
     */
    default boolean reload() {
      return false;
    }

    /** Undoes start, also after one that failed midway. */
    void close() throws Exception;

    /**
     * Completes when the role cannot go on (exceptionally, with the reason) or has nothing left to
     * do. By default never.
     */
    default CompletableFuture<Void> ended() {
      return new CompletableFuture<>();
    }
  }

  /**
   * @param signals when to stop
   * @param closeTimeout how long closing may take, more than zero
   * @param errors where an error's line goes
   * @param halt ends the process at once, without running anything more
   */
  public ServerMain(
      String name,
      Role role,
      Signals signals,
      Duration closeTimeout,
      PrintStream errors,
      IntConsumer halt) {
    this.name = Objects.requireNonNull(name, "name is null");
    this.role = Objects.requireNonNull(role, "role is null");
    this.signals = Objects.requireNonNull(signals, "signals is null");
    this.closeTimeout = Objects.requireNonNull(closeTimeout, "closeTimeout is null");
    this.errors = Objects.requireNonNull(errors, "errors is null");
    this.halt = Objects.requireNonNull(halt, "halt is null");
    if (!closeTimeout.isPositive()) {
      throw new IllegalArgumentException("closeTimeout is not positive: " + closeTimeout);
    }
  }

  /** Runs the role in this process until it is told to stop; returns the exit code. */
  public static int run(String name, Role role) {
    return new ServerMain(
            name,
            role,
            Signals.ofProcess(),
            DEFAULT_CLOSE_TIMEOUT,
            System.err,
            code -> Runtime.getRuntime().halt(code))
        .run();
  }

  /**
   * Prints why a program cannot start as one line, {@code name: message}; for what fails before
   * there is a role, such as reading its configuration. Returns {@link #FAILURE}.
   */
  public static int startFailed(String name, Throwable failure, PrintStream errors) {
    errors.println(name + ": " + oneLine(describe(failure)));
    errors.flush();
    return FAILURE;
  }

  /** Runs the role; returns the exit code. */
  public int run() {
    var stop = new CompletableFuture<Signals.StopSignal>();
    var received = new AtomicInteger();
    var starting = new Starting(Thread.currentThread());
    try (var _ =
        signals.listen(signal -> {
          if (signal == Signals.StopSignal.HUP && received.get() == 0 && reload()) {
            return;
          }
          if (received.getAndIncrement() == 0) {
            log.info("event=stop_requested role={} signal=SIG{}", name, signal);
            stop.complete(signal);
            starting.interrupt();
          } else {
            halt.accept(signal.exitCode());
          }
        })) {
      return run(stop, starting);
    }
  }

  private int run(CompletableFuture<Signals.StopSignal> stop, Starting starting) {
    try {
      role.start();
    } catch (Exception | Error e) {
      if (starting.end()) {
        log.info("event=start_given_up role={} reason=\"{}\"", name, e.toString());
        return close() ? SUCCESS : FAILURE;
      }
      if (!(e instanceof StartException)) {
        log.error("event=start_failed role={}", name, e);
      }
      int code = startFailed(name, e, errors);
      close();
      return code;
    }
    boolean stopped = starting.end();
    if (!stopped) {
      log.info("event=ready role={}", name);
    }
    int code = stopped ? SUCCESS : await(stop);
    boolean closed = close();
    log.info("event=stopped role={} clean={}", name, closed && code == SUCCESS);
    return closed ? code : FAILURE;
  }

  private boolean reload() {
    reloading.lock();
    try {
      return role.reload();
    } catch (RuntimeException e) {
      log.error("event=reload_failed role={}", name, e);
      return true;
    } finally {
      reloading.unlock();
    }
  }

  /** Waits for a signal or the role's end. */
  private int await(CompletableFuture<Signals.StopSignal> stop) {
    try {
      CompletableFuture.anyOf(stop, role.ended()).get();
      return SUCCESS;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      log.error("event=role_failed role={}", name, cause);
      errors.println(name + ": stopped, " + oneLine(describe(cause)));
      errors.flush();
      return FAILURE;
    } catch (InterruptedException e) {
      // Whoever runs us on a thread of their own may interrupt it to stop; then closing goes on.
      return SUCCESS;
    }
  }

  /** Closes the role on a thread of its own, so that one which hangs can be given up. */
  private boolean close() {
    var done = new CompletableFuture<@Nullable Throwable>();
    Thread thread =
        Thread.ofPlatform()
            .name(name + "-close")
            .daemon()
            .start(() -> {
              try {
                role.close();
                done.complete(null);
              } catch (Exception | Error e) {
                done.complete(e);
              }
            });
    try {
      Throwable failure = done.get(closeTimeout.toMillis(), TimeUnit.MILLISECONDS);
      if (failure == null) {
        return true;
      }
      log.error("event=close_failed role={}", name, failure);
      errors.println(name + ": stopping failed, " + oneLine(describe(failure)));
    } catch (TimeoutException e) {
      StackTraceElement[] stack = thread.getStackTrace();
      String where = stack.length == 0 ? "" : " at " + stack[0];
      errors.println(
          name + ": still stopping after " + closeTimeout.toMillis() + " ms" + where + "; ended.");
      errors.flush();
      halt.accept(FAILURE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new AssertionError("completed with a value only", e);
    }
    errors.flush();
    return false;
  }

  private static String describe(Throwable failure) {
    String message = failure.getMessage();
    if (message == null || message.isBlank()) {
      return "unexpected " + failure.getClass().getName() + ". The log has its stack trace.";
    }
    return failure instanceof RuntimeException || failure instanceof Error
        ? failure.getClass().getSimpleName() + ": " + message
        : message;
  }

  private static String oneLine(String text) {
    return String.join(" ", text.strip().lines().map(String::strip).toList());
  }

  /** A start that a signal interrupts: it may be waiting for a program that is not there. */
  private static final class Starting {
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private boolean ended;

    @GuardedBy("lock")
    private boolean interrupted;

    Starting(Thread thread) {
      this.thread = thread;
    }

    void interrupt() {
      lock.lock();
      try {
        if (!ended) {
          interrupted = true;
          thread.interrupt();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Whether a signal came before; its interrupt does not outlive this. */
    boolean end() {
      lock.lock();
      try {
        ended = true;
        if (interrupted) {
          Thread.interrupted();
        }
        return interrupted;
      } finally {
        lock.unlock();
      }
    }
  }
}
