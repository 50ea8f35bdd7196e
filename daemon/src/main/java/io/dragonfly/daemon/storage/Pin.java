package io.dragonfly.daemon.storage;

/** While open, the bytes of a task stay. Closing twice is harmless. */
public interface Pin extends AutoCloseable {
  @Override
  void close();
}
