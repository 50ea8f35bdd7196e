package io.dragonfly.daemon.transfer;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicTokenHandler;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a QUIC client has to send back to prove that it receives what is sent to its address (RFC
 * 9000, 8.1.2): a time, a keyed hash over it, the address and the connection's first id, and that
 * id. Nothing is remembered for it.
 */
final class AddressTokens implements QuicTokenHandler {
  private static final int TIME_BYTES = 8;
  private static final int HASH_BYTES = 16;
  private static final int MOST_ID_BYTES = 20;
  private static final long VALID_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final BooleanSupplier needed;
  private final BooleanSupplier hasRoom;
  private final SecretKeySpec key;

  /**
   * @param needed whether who connects without a token is asked to come again with one
   * @param hasRoom whether a connection may begin at all
   */
  AddressTokens(BooleanSupplier needed, BooleanSupplier hasRoom) {
    this.needed = needed;
    this.hasRoom = hasRoom;
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    this.key = new SecretKeySpec(secret, "HmacSHA256");
  }

  @Override
  public boolean writeToken(ByteBuf out, ByteBuf id, InetSocketAddress child) {
    if (!needed.getAsBoolean()) {
      return false;
    }
    byte[] idBytes = new byte[Math.min(id.readableBytes(), MOST_ID_BYTES)];
    id.getBytes(id.readerIndex(), idBytes);
    long now = System.nanoTime();
    out.writeLong(now).writeBytes(hash(now, child, idBytes)).writeBytes(idBytes);
    return true;
  }

  /** Where the first id begins in the token; -1 when the token is not one of these. */
  @Override
  public int validateToken(ByteBuf token, InetSocketAddress child) {
    int idBytes = token.readableBytes() - TIME_BYTES - HASH_BYTES;
    if (idBytes < 0 || idBytes > MOST_ID_BYTES || !hasRoom.getAsBoolean()) {
      return -1;
    }
    long made = token.readLong();
    byte[] hash = new byte[HASH_BYTES];
    byte[] id = new byte[idBytes];
    token.readBytes(hash).readBytes(id);
    long age = System.nanoTime() - made;
    boolean valid =
        age >= 0 && age <= VALID_NANOS && MessageDigest.isEqual(hash, hash(made, child, id));
    return valid ? TIME_BYTES + HASH_BYTES : -1;
  }

  @Override
  public int maxTokenLength() {
    return TIME_BYTES + HASH_BYTES + MOST_ID_BYTES;
  }

  private byte[] hash(long time, InetSocketAddress child, byte[] id) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      mac.update(ByteBuffer.allocate(12).putLong(time).putInt(child.getPort()).flip());
      mac.update(child.getAddress().getAddress());
      mac.update(id);
      return Arrays.copyOf(mac.doFinal(), HASH_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }
}
