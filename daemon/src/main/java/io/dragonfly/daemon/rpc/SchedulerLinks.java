package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.link.Announcer;
import io.dragonfly.daemon.link.LinkListener;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SchedulerSet;
import io.dragonfly.daemon.link.SwarmLink;
import io.dragonfly.daemon.link.SwarmLinks;
import io.grpc.Channel;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens links. The scheduler that every peer picks for the task comes first; when it can't be
 * reached, the next ones on the ring. A scheduler learns of this host before it hears of a peer of
 * it. One that falls silent is probed, and a link to one that is lost ends as if it were killed.
 */
public final class SchedulerLinks implements SwarmLinks {
  private final SchedulerProbes probes;
  private final SchedulerSet schedulers;
  private final Announcer announcer;
  private final HostId host;
  private final IntSupplier piecePort;
  private final boolean asksEachParent;
  private final ScheduledExecutorService timer;
  private final Options options;

  /**
   * Limits towards a Go scheduler.
   *
   * @param patience how long it may owe an answer
   * @param mostAnswers how many answers a download takes
   */
  public record Options(Duration patience, int mostAnswers) {}

  /**
   * Links of this host.
   *
   * @param piecePort where it serves pieces over TCP; asked when a link opens
   * @param asksEachParent whether it needs to know another port of its parents
   */
  public SchedulerLinks(
      SchedulerProbes probes,
      SchedulerSet schedulers,
      Announcer announcer,
      HostId host,
      IntSupplier piecePort,
      boolean asksEachParent,
      ScheduledExecutorService timer,
      Options options) {
    this.probes = probes;
    this.schedulers = schedulers;
    this.announcer = announcer;
    this.host = host;
    this.piecePort = piecePort;
    this.asksEachParent = asksEachParent;
    this.timer = timer;
    this.options = options;
  }

  @Override
  public boolean anyScheduler() {
    return !schedulers.isEmpty();
  }

  @Override
  public SwarmLink open(TaskId task, LinkListener listener) {
    OpeningLink link = new OpeningLink(task, listener);
    Thread.ofVirtual().name("link").start(link::open);
    return link;
  }

  private DialogueLink<?, ?> link(
      InetSocketAddress scheduler, TaskId task, LinkListener listener, boolean extension) {
    Channel channel = probes.watched(scheduler);
    if (extension) {
      return new DialogueLink<>(
          channel,
          SwarmGrpc.getJoinMethod(),
          new ExtensionDialogue(host, task, piecePort.getAsInt(), asksEachParent),
          listener,
          status -> failed(scheduler, status),
          timer,
          options.patience());
    }
    return new DialogueLink<>(
        channel,
        SchedulerGrpc.getAnnouncePeerMethod(),
        new UpstreamDialogue(host, task, options.mostAnswers()),
        listener,
        status -> failed(scheduler, status),
        timer,
        options.patience());
  }

  private void failed(InetSocketAddress scheduler, Status status) {
    if (DialogueLink.isHostUnknown(status)) {
      schedulers.forgotten(scheduler);
      announcer.announceSoon(scheduler);
    } else if (status.getCode() == Status.Code.UNAVAILABLE) {
      // Whether it is away or was restarted, the next link finds out by announcing first.
      schedulers.failed(scheduler);
      announcer.announceSoon(scheduler);
    }
  }

  /** A link that looks for a scheduler; what is reported meanwhile is kept. */
  private final class OpeningLink implements SwarmLink {
    private final TaskId task;
    private final LinkListener listener;
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final List<PeerReport> early = new ArrayList<>();

    @GuardedBy("lock")
    private @Nullable DialogueLink<?, ?> link;

    @GuardedBy("lock")
    private boolean closed;

    OpeningLink(TaskId task, LinkListener listener) {
      this.task = task;
      this.listener = listener;
    }

    void open() {
      try {
        List<InetSocketAddress> ordered = schedulers.inOrder(task);
        for (InetSocketAddress scheduler : ordered) {
          if (isClosed()) {
            return;
          }
          if (schedulers.isAnnounced(scheduler) || announcer.ensureAnnounced(scheduler)) {
            use(scheduler);
            return;
          }
        }
        lost(
            ordered.isEmpty()
                ? "no scheduler is known"
                : "none of " + ordered.size() + " schedulers can be reached");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        lost("the daemon stops");
      }
    }

    private void use(InetSocketAddress scheduler) {
      boolean extension = schedulers.hasExtension(scheduler);
      DialogueLink<?, ?> opened = link(scheduler, task, listener, extension);
      if (isClosed()) {
        return;
      }
      // Before the call exists nothing else is told, so ready comes first.
      listener.ready(extension);
      opened.start();
      List<PeerReport> waiting;
      do {
        lock.lock();
        try {
          waiting = List.copyOf(early);
          early.clear();
          if (waiting.isEmpty()) {
            link = opened;
          }
        } finally {
          lock.unlock();
        }
        waiting.forEach(opened::send);
      } while (!waiting.isEmpty());
      if (isClosed()) {
        opened.close();
      }
    }

    private boolean isClosed() {
      lock.lock();
      try {
        return closed;
      } finally {
        lock.unlock();
      }
    }

    private void lost(String why) {
      if (!isClosed()) {
        listener.lost(why, false);
      }
    }

    @Override
    public void send(PeerReport report) {
      DialogueLink<?, ?> opened;
      lock.lock();
      try {
        opened = link;
        if (opened == null) {
          if (!closed && early.size() < DialogueLink.LONGEST_QUEUE) {
            early.add(report);
          }
          return;
        }
      } finally {
        lock.unlock();
      }
      opened.send(report);
    }

    @Override
    public void close() {
      DialogueLink<?, ?> opened;
      lock.lock();
      try {
        closed = true;
        opened = link;
      } finally {
        lock.unlock();
      }
      if (opened != null) {
        opened.close();
      }
    }
  }
}
