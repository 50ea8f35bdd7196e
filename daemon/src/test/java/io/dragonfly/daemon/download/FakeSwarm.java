package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.daemon.link.LinkListener;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.link.SwarmLink;
import io.dragonfly.daemon.link.SwarmLinks;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * A scheduler with our extension, and what parents announce, in memory: one lease per task; whoever
 * registered and has or gets pieces is everybody else's parent.
 */
final class FakeSwarm implements AutoCloseable {
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final Map<TaskId, Swarm> swarms = new LinkedHashMap<>();
  private final Map<String, TestHost> hosts = new LinkedHashMap<>();
  final List<PeerReport> reports = new CopyOnWriteArrayList<>();
  volatile boolean down;
  volatile boolean known = true;

  /** Given out in place of the tiny content that it was told. */
  volatile Optional<TinyContent> forged = Optional.empty();

  private static final class Swarm {
    Optional<ContentInfo> content = Optional.empty();
    final Map<Integer, PieceRoot> roots = new TreeMap<>();
    final Map<PeerId, Member> members = new LinkedHashMap<>();
    final Map<PeerId, ParentInfo> parents = new LinkedHashMap<>();
    final BitSet held = new BitSet();
    Optional<PeerId> lease = Optional.empty();
    Optional<TinyContent> tiny = Optional.empty();
  }

  private record Member(Link link, LinkListener listener) {}

  void add(TestHost host) {
    hosts.put(host.name, host);
  }

  SwarmLinks links(TestHost host) {
    return new SwarmLinks() {
      @Override
      public SwarmLink open(TaskId task, LinkListener listener) {
        Link link = new Link(host, task, listener);
        thread.execute(() -> {
          if (down) {
            listener.lost("the scheduler is down", false);
          } else {
            listener.ready(true);
          }
        });
        return link;
      }

      @Override
      public boolean anyScheduler() {
        return known;
      }
    };
  }

  /** Breaks every link. */
  void breakLinks() {
    thread.execute(() ->
        swarms
            .values()
            .forEach(swarm -> {
              List<Member> members = new ArrayList<>(swarm.members.values());
              swarm.members.clear();
              swarm.lease = Optional.empty();
              members.forEach(member -> member.listener.lost("broken", false));
            }));
  }

  private final class Link implements SwarmLink {
    private final TestHost host;
    private final TaskId task;
    private final LinkListener listener;
    private Optional<PeerId> peer = Optional.empty();

    Link(TestHost host, TaskId task, LinkListener listener) {
      this.host = host;
      this.task = task;
      this.listener = listener;
    }

    @Override
    public void send(PeerReport report) {
      reports.add(report);
      thread.execute(() -> heard(report));
    }

    @Override
    public void close() {
      thread.execute(this::leave);
    }

    private Swarm swarm() {
      return swarms.computeIfAbsent(task, _ -> new Swarm());
    }

    private void leave() {
      peer.ifPresent(id -> {
        swarm().members.remove(id);
        if (swarm().lease.equals(peer)) {
          swarm().lease = Optional.empty();
          swarm().members.entrySet().stream()
              .findFirst()
              .ifPresent(next -> grant(next.getKey(), next.getValue()));
        }
      });
    }

    private void heard(PeerReport report) {
      Swarm swarm = swarm();
      switch (report) {
        case PeerReport.Register register -> register(register);
        case PeerReport.ContentLearned(ContentInfo content) -> {
          swarm.content = Optional.of(content);
          others(member -> member.listener.order(new SwarmOrder.Content(content)));
          tellParents();
        }
        case PeerReport.PiecesDone done -> {
          Map<Integer, PieceRoot> roots = new TreeMap<>();
          done.pieces()
              .forEach(piece -> piece.root().ifPresent(root -> roots.put(piece.number(), root)));
          swarm.roots.putAll(roots);
          done.pieces().forEach(piece -> swarm.held.set(piece.number()));
          others(member -> member.listener.order(new SwarmOrder.Roots(roots)));
        }
        case PeerReport.ParentsWanted wanted -> {
          wanted.unwanted().forEach(swarm.parents::remove);
          swarm.held.clear();
          if (swarm.lease.isEmpty()) {
            grant(peer.orElseThrow(), new Member(this, listener));
          }
        }
        case PeerReport.OriginFailed failed -> {
          swarm.lease = Optional.empty();
          others(member ->
              member.listener.order(
                  new SwarmOrder.OriginRefused(
                      failed.status(), failed.headers(), failed.message())));
        }
        case PeerReport.Finished _, PeerReport.Failed _ -> leave();
        case PeerReport.Tiny(TinyContent content) -> swarm.tiny = Optional.of(content);
        case PeerReport.PieceFailed _, PeerReport.OriginProgress _ -> {}
      }
    }

    private void register(PeerReport.Register register) {
      Swarm swarm = swarm();
      peer = Optional.of(register.peer());
      swarm.members.put(register.peer(), new Member(this, listener));
      swarm.parents.put(register.peer(), host.asParent(register.peer()));
      register.content().ifPresent(content -> swarm.content = Optional.of(content));
      swarm.roots.putAll(register.roots());
      if (register.holderOnly()) {
        return;
      }
      if (swarm.content.isPresent()) {
        listener.order(new SwarmOrder.Content(swarm.content.get()));
        listener.order(new SwarmOrder.Roots(swarm.roots));
      }
      if (swarm.tiny.isPresent()) {
        listener.order(new SwarmOrder.Tiny(forged.orElse(swarm.tiny.get())));
        return;
      }
      boolean held =
          swarm.parents.values().stream()
              .anyMatch(parent -> !parent.host().value().equals(host.name));
      if (swarm.lease.isEmpty() && !held) {
        grant(register.peer(), new Member(this, listener));
      }
      tellParents();
    }

    private void grant(PeerId to, Member member) {
      swarm().lease = Optional.of(to);
      member.listener.order(new SwarmOrder.GoToOrigin("nobody else reads", swarm().held));
    }

    private void others(Consumer<Member> what) {
      swarm()
          .members
          .forEach((id, member) -> {
            if (!Optional.of(id).equals(peer)) {
              what.accept(member);
            }
          });
    }

    /** To each member, everybody else. */
    private void tellParents() {
      Swarm swarm = swarm();
      swarm.members.forEach((id, member) ->
          member.listener.order(
              new SwarmOrder.Parents(
                  swarm.parents.entrySet().stream()
                      .filter(entry -> !entry.getKey().equals(id))
                      .map(Map.Entry::getValue)
                      .toList())));
    }
  }

  /** Announces what the parent's store holds and gets. */
  PieceSync sync() {
    return (parent, key, interested, listener) -> {
      TestHost host = hosts.get(parent.host().value());
      if (host == null || host.killed) {
        thread.execute(() -> listener.failed("the host is gone"));
        return () -> {};
      }
      Following following = new Following(host, key, interested, listener);
      thread.execute(following::begin);
      return following;
    };
  }

  private final class Following implements AutoCloseable, StoreListener {
    private final TestHost host;
    private final TaskKey key;
    private final BitSet interested;
    private final PieceSync.Listener listener;
    private final List<AutoCloseable> listening = new ArrayList<>();
    private volatile boolean closed;

    Following(TestHost host, TaskKey key, BitSet interested, PieceSync.Listener listener) {
      this.host = host;
      this.key = key;
      this.interested = interested;
      this.listener = listener;
    }

    void begin() {
      Optional<StoredTask> task = host.store.find(key);
      if (closed) {
        return;
      }
      listener.features(true);
      if (task.isEmpty() || task.get().content().length().isEmpty()) {
        listener.failed("no such task");
        return;
      }
      listening.add(task.get().listen(this));
      task.get().pieces().stream().forEach(this::announce);
    }

    private void announce(int piece) {
      if (!closed && interested.get(piece)) {
        listener.piece(piece, 0, 0, "127.0.0.1", host.piecePort());
      }
    }

    @Override
    public void pieceFinished(int number) {
      thread.execute(() -> announce(number));
    }

    @Override
    public void deleted() {
      thread.execute(() -> {
        if (!closed) {
          listener.failed("the task was deleted");
        }
      });
    }

    @Override
    public void close() throws IOException {
      closed = true;
      for (AutoCloseable closeable : listening) {
        try {
          closeable.close();
        } catch (Exception e) {
          throw new IOException("the store's listener was not closed", e);
        }
      }
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
