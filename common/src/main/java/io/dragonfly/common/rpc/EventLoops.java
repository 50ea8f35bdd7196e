package io.dragonfly.common.rpc;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.Slf4JLoggerFactory;
import java.util.concurrent.TimeUnit;

/**
 * The network threads of one role instance and their buffers, shared by its servers and channels.
 * Close it after them.
 *
 * <p>The buffers come from one pool with one arena per thread and chunks of 2 MiB, so that a daemon
 * with two threads keeps a few MiB of direct memory and not the share of the machine's cores that
 * Netty's default would take.
 */
public final class EventLoops implements AutoCloseable {
  private static final int MAX_THREADS = 256;
  private static final int PAGE_SIZE = 8192;

  /** Chunks of PAGE_SIZE << 8 = 2 MiB. */
  private static final int MAX_ORDER = 8;

  private final EventLoopGroup group;
  private final ByteBufAllocator allocator;

  /**
   * Names the threads {@code name-net-1-N}; they start when they are first used.
   *
   * @param threads 1 to 256; two are enough for a daemon
   */
  public EventLoops(String name, int threads) {
    if (threads < 1 || threads > MAX_THREADS) {
      throw new IllegalArgumentException("threads is not in 1.." + MAX_THREADS + ": " + threads);
    }
    // Before any other class of Netty: it would choose java.util.logging and keep to it.
    InternalLoggerFactory.setDefaultFactory(Slf4JLoggerFactory.INSTANCE);
    group =
        new MultiThreadIoEventLoopGroup(
            threads, new DefaultThreadFactory(name + "-net", true), NioIoHandler.newFactory());
    allocator =
        new PooledByteBufAllocator(
            /* preferDirect= */ true,
            /* nHeapArena= */ 1,
            /* nDirectArena= */ threads,
            PAGE_SIZE,
            MAX_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(),
            PooledByteBufAllocator.defaultNormalCacheSize(),
            /* useCacheForAllThreads= */ false);
  }

  /** For other Netty pipelines of the same role. */
  public EventLoopGroup group() {
    return group;
  }

  /** The pool of buffers; to be set as {@code ChannelOption.ALLOCATOR}. */
  public ByteBufAllocator allocator() {
    return allocator;
  }

  /** Ends the threads; waits for at most 5 seconds. */
  @Override
  public void close() {
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
  }
}
