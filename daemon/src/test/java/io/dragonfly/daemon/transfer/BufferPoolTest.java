package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
  private static final int BYTES = 100;

  @Test
  void aBufferThatCameBackIsUsedAgainFromItsStart() throws InterruptedException {
    BufferPool pool = new BufferPool(1, BYTES);
    ByteBuffer buffer = take(pool);
    buffer.put((byte) 1).flip();
    pool.giveBack(buffer);
    assertThat(take(pool)).isSameAs(buffer);
    assertThat(buffer.position()).isZero();
    assertThat(buffer.limit()).isEqualTo(BYTES);
  }

  @Test
  void thereAreNoMoreBuffersThanItsBound() throws InterruptedException {
    BufferPool pool = new BufferPool(2, BYTES);
    ByteBuffer one = take(pool);
    take(pool);
    assertThat(takeAtOnce(pool)).isNull();
    pool.giveBack(one);
    assertThat(takeAtOnce(pool)).isSameAs(one);
  }

  @Test
  void forgetsOnlyBuffersThatNobodyUsesAndKeepsItsBound() throws InterruptedException {
    BufferPool pool = new BufferPool(2, BYTES);
    ByteBuffer used = take(pool);
    ByteBuffer free = take(pool);
    pool.giveBack(free);
    pool.forgetFree();
    ByteBuffer fresh = take(pool);
    assertThat(fresh).isNotSameAs(free).isNotSameAs(used);
    assertThat(takeAtOnce(pool)).isNull();
    pool.giveBack(used);
    assertThat(takeAtOnce(pool)).isSameAs(used);
  }

  @Test
  void mayForgetWhileOthersTakeAndGiveBack() throws Exception {
    BufferPool pool = new BufferPool(3, BYTES);
    Set<ByteBuffer> inUse =
        Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
    Callable<Boolean> user =
        () -> {
          boolean alone = true;
          for (int i = 0; i < 2000; i++) {
            ByteBuffer buffer = take(pool);
            alone &= inUse.add(buffer) && inUse.size() <= 3;
            pool.forgetFree();
            inUse.remove(buffer);
            pool.giveBack(buffer);
          }
          return alone;
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(5)) {
      List<Future<Boolean>> users = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        users.add(threads.submit(user));
      }
      for (Future<Boolean> each : users) {
        assertThat(each.get(60, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  private static ByteBuffer take(BufferPool pool) throws InterruptedException {
    ByteBuffer buffer = pool.take(60, TimeUnit.SECONDS);
    return Objects.requireNonNull(buffer, "no buffer came free");
  }

  private static @Nullable ByteBuffer takeAtOnce(BufferPool pool) throws InterruptedException {
    return pool.take(0, TimeUnit.SECONDS);
  }
}
