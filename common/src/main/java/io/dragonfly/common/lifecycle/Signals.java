package io.dragonfly.common.lifecycle;

import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a program learns that it should end. The one in use listens to the operating system; a test
 * passes its own.
 */
public interface Signals {
  /** Calls the listener for every signal, on a thread of the source, until the result is closed. */
  Subscription listen(Consumer<StopSignal> listener);

  /** A signal that asks the program to end. */
  enum StopSignal {
    HUP(1),
    INT(2),
    TERM(15);

    private final int number;

    StopSignal(int number) {
      this.number = number;
    }

    /** What a shell reports for a program that this signal ended. */
    int exitCode() {
      return 128 + number;
    }
  }

  /** What ends listening. */
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * SIGINT, SIGTERM and SIGHUP of this process. SIGQUIT stays with the JVM, which prints a thread
   * dump: of more use to an operator than a third way to end.
   *
   * <p>The JDK's only public interface to signals is {@code sun.misc.Signal} of module
   * jdk.unsupported; javac warns about it in a way that cannot be suppressed, hence reflection.
   */
  static Signals ofProcess() {
    return listener -> {
      List<Subscription> subscriptions = new ArrayList<>();
      for (StopSignal signal : StopSignal.values()) {
        subscriptions.add(ProcessSignal.handle(signal, listener));
      }
      return () -> subscriptions.forEach(Subscription::close);
    };
  }

  /** One handler installed in the JVM. */
  final class ProcessSignal {
    private static final Logger log = LoggerFactory.getLogger(Signals.class);

    private ProcessSignal() {}

    private static Subscription handle(StopSignal signal, Consumer<StopSignal> listener) {
      try {
        Class<?> signals = Class.forName("sun.misc.Signal");
        Class<?> handlers = Class.forName("sun.misc.SignalHandler");
        Consumer<Object> received = ignored -> listener.accept(signal);
        Object handler =
            MethodHandleProxies.asInterfaceInstance(
                handlers,
                MethodHandles.lookup()
                    .findVirtual(
                        Consumer.class, "accept", MethodType.methodType(void.class, Object.class))
                    .bindTo(received));
        Object name = signals.getConstructor(String.class).newInstance(signal.name());
        var install = signals.getMethod("handle", signals, handlers);
        Object before = install.invoke(null, name, handler);
        return () -> {
          try {
            install.invoke(null, name, before);
          } catch (ReflectiveOperationException e) {
            log.warn("event=signal_not_restored signal={} reason={}", signal, e.toString());
          }
        };
      } catch (InvocationTargetException e) {
        // -Xrs, or a platform without this signal: the JVM's own reaction to it stays.
        log.warn(
            "event=signal_not_handled signal={} reason={}", signal, String.valueOf(e.getCause()));
        return () -> {};
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(
            "cannot listen to SIG" + signal + ": the Java runtime lacks module jdk.unsupported", e);
      }
    }
  }
}
