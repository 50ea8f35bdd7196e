package io.dragonfly.daemon.storage;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who hears of something. One that fails does not keep the others from hearing. */
final class Listeners<T> {
  private static final Logger log = LoggerFactory.getLogger(Listeners.class);

  private final String subject;
  private final CopyOnWriteArrayList<T> all = new CopyOnWriteArrayList<>();

  /**
   * @param subject what they hear of, for the log
   */
  Listeners(String subject) {
    this.subject = subject;
  }

  StoreListener.Registration add(T listener) {
    all.add(listener);
    return () -> all.remove(listener);
  }

  /** On this thread; call it without locks held. */
  void tell(Consumer<? super T> event) {
    for (T listener : all) {
      try {
        event.accept(listener);
      } catch (RuntimeException e) {
        log.warn("a listener failed subject={}", subject, e);
      }
    }
  }
}
