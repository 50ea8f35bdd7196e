package io.dragonfly.daemon.link;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.function.BiConsumer;

/**
 * The calls an {@link Announcer} makes to a scheduler. Each blocks for at most some seconds, unless
 * it says otherwise.
 */
public interface SchedulerLine {
  /**
   * Tells the scheduler that this host is there.
   *
   * @param interval when it will hear again
   * @param patience how long it may take to answer
   * @return whether the scheduler speaks our extension
   */
  boolean announce(InetSocketAddress scheduler, HostInfo host, Duration interval, Duration patience)
      throws IOException, InterruptedException;

  /** Says goodbye. */
  void leave(InetSocketAddress scheduler, HostId host) throws IOException, InterruptedException;

  /**
   * Makes this host known as a holder of complete tasks, in their order and as fast as the
   * scheduler wants to learn; only to a scheduler of ours. It takes as long as there are tasks.
   *
   * @param refused told of each task that the scheduler does not take, and why
   * @return how many it took
   * @throws IOException when the connection breaks or the scheduler stands still
   */
  int hold(
      InetSocketAddress scheduler, Iterator<StoredTask> tasks, BiConsumer<TaskKey, String> refused)
      throws IOException, InterruptedException;

  /** This host has the task no longer; a scheduler that did not know of it takes that, too. */
  void withdraw(InetSocketAddress scheduler, TaskId task) throws IOException, InterruptedException;

  /**
   * Watches the connection to a scheduler.
   *
   * @param lost runs once when it is lost, on any thread; not after the close
   */
  AutoCloseable watch(InetSocketAddress scheduler, Runnable lost);
}
