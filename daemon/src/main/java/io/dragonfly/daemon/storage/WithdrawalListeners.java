package io.dragonfly.daemon.storage;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who hears of tasks that nobody should be sent here for any more. */
final class WithdrawalListeners {
  private static final Logger log = LoggerFactory.getLogger(WithdrawalListeners.class);

  private final CopyOnWriteArrayList<Consumer<TaskKey>> listeners = new CopyOnWriteArrayList<>();

  StoreListener.Registration add(Consumer<TaskKey> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  void tell(TaskKey key) {
    for (Consumer<TaskKey> listener : listeners) {
      try {
        listener.accept(key);
      } catch (RuntimeException e) {
        log.warn("a listener of withdrawals failed task={}", key, e);
      }
    }
  }
}
