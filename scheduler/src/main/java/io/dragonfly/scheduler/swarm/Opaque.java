package io.dragonfly.scheduler.swarm;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A message that is kept and passed on as it came, and read by nobody here. */
public final class Opaque {
  /** No message. */
  public static final Opaque EMPTY = new Opaque(new byte[0]);

  private final byte[] bytes;

  private Opaque(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The bytes are taken over, not copied: they must not change afterwards. */
  public static Opaque of(byte[] bytes) {
    return new Opaque(bytes);
  }

  /** Not a copy: for reading only. */
  public byte[] bytes() {
    return bytes;
  }

  public boolean isEmpty() {
    return bytes.length == 0;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Opaque opaque && Arrays.equals(bytes, opaque.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Its size alone: it may carry credentials. */
  @Override
  public String toString() {
    return bytes.length + " bytes";
  }
}
