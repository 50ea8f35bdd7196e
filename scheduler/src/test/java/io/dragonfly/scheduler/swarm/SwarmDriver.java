package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.placement.Rating.Place;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Drives a swarm by hand: named hosts and peers, a clock that a test moves, everything that was
 * told.
 */
final class SwarmDriver {
  static final int PIECE_PORT = 4005;

  static final TaskId TASK = new TaskId("task");
  static final long PIECE = 4 << 20;

  /** What one stream was told. */
  static final class Stream {
    final TaskId task;
    final PeerId peer;
    final long session;
    final boolean extension;
    final List<PeerOrder> orders = new ArrayList<>();
    Optional<SwarmAction.End> end = Optional.empty();

    Stream(TaskId task, PeerId peer, long session, boolean extension) {
      this.extension = extension;
      this.task = task;
      this.peer = peer;
      this.session = session;
    }

    /** An order of the right kind, on an open stream. */
    void take(PeerOrder order) {
      boolean answer =
          switch (order) {
            case PeerOrder.Candidates _,
                PeerOrder.NeedBackToSource _,
                PeerOrder.EmptyTask _,
                PeerOrder.MetadataOnly _ ->
                true;
            case PeerOrder.Content _,
                PeerOrder.Parents _,
                PeerOrder.OriginLease _,
                PeerOrder.OriginRevoked _,
                PeerOrder.Roots _,
                PeerOrder.Tiny _,
                PeerOrder.OriginRefused _ ->
                false;
          };
      if (answer == extension || end.isPresent()) {
        throw new AssertionError("not an order for " + peer + ": " + order);
      }
      orders.add(order);
    }

    <T extends PeerOrder> Optional<T> last(Class<T> type) {
      return orders.reversed().stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    <T extends PeerOrder> List<T> all(Class<T> type) {
      return orders.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** The parents it has, by its last answer or order. */
    List<String> parents() {
      for (PeerOrder order : orders.reversed()) {
        switch (order) {
          case PeerOrder.Parents parents -> {
            return names(parents.parents());
          }
          case PeerOrder.Candidates candidates -> {
            return names(candidates.parents());
          }
          default -> {}
        }
      }
      return List.of();
    }

    private static List<String> names(List<ParentView> parents) {
      return parents.stream().map(parent -> parent.peer().id().value()).toList();
    }
  }

  final List<SwarmAction> actions = new ArrayList<>();
  final Map<Long, Stream> streams = new LinkedHashMap<>();
  final Map<String, Stream> peers = new LinkedHashMap<>();
  final List<SwarmAction.TriggerSeed> triggers = new ArrayList<>();
  final List<Long> cancelled = new ArrayList<>();
  final Swarm swarm;
  long now = 1_700_000_000_000L;
  private long sessions;

  SwarmDriver() {
    this(SwarmSettings.defaults(), 1);
  }

  SwarmDriver(SwarmSettings settings, long seed) {
    this(settings, seed, false, false);
  }

  private SwarmDriver(SwarmSettings settings, long seed, boolean fresh, boolean restarted) {
    swarm = new Swarm(settings, seed, restarted, this::take);
    if (!fresh) {
      swarm.tick(now - 3_600_000);
    }
  }

  /** A scheduler that began just now. */
  static SwarmDriver fresh() {
    return new SwarmDriver(SwarmSettings.defaults(), 1, true, false);
  }

  /** The same, where there was one before. */
  static SwarmDriver restarted() {
    return new SwarmDriver(SwarmSettings.defaults(), 1, true, true);
  }

  private void take(SwarmAction action) {
    actions.add(action);
    switch (action) {
      case SwarmAction.Tell tell -> streamOf(tell.session()).take(tell.order());
      case SwarmAction.End end -> streamOf(end.session()).end = Optional.of(end);
      case SwarmAction.TriggerSeed trigger -> triggers.add(trigger);
      case SwarmAction.CancelTrigger cancel -> cancelled.add(cancel.trigger());
      case SwarmAction.Notice _, SwarmAction.HostNotice _ -> {}
    }
  }

  private Stream streamOf(long session) {
    Stream stream = streams.get(session);
    if (stream == null) {
      throw new AssertionError("an action for a stream that never was: " + session);
    }
    return stream;
  }

  /** The latest stream of a peer. */
  Stream stream(String name) {
    Stream stream = peers.get(name);
    if (stream == null) {
      throw new AssertionError("no such peer: " + name);
    }
    return stream;
  }

  // Hosts.

  SwarmDriver host(String name) {
    return host(name, 0, "", false);
  }

  SwarmDriver seed(String name) {
    return host(name, 1, "", false);
  }

  SwarmDriver host(String name, int type, String idc, boolean disableShared) {
    swarm.announce(
        new HostAnnouncement(
            new HostId(name),
            type,
            name,
            "10.0.0.1",
            4000,
            4000,
            disableShared,
            new Place(idc, ""),
            300_000,
            Opaque.EMPTY),
        now);
    return this;
  }

  // Peers. A peer "a" runs on host "a" unless said otherwise ("a@h").

  static ContentInfo content(int pieces, String version) {
    return ContentInfo.of(pieces * PIECE, PIECE, version, Map.of());
  }

  static DownloadSpec download() {
    return download(0, false, false, "");
  }

  static DownloadSpec download(
      int priority, boolean needOrigin, boolean disableOrigin, String headers) {
    return new DownloadSpec(
        "http://origin/file",
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        0,
        priority,
        List.of(),
        headers,
        Optional.empty(),
        disableOrigin,
        needOrigin,
        false,
        8,
        Opaque.of(new byte[] {1}));
  }

  static DownloadSpec ranged(ByteRange range) {
    DownloadSpec plain = download();
    return new DownloadSpec(
        plain.url(),
        plain.digest(),
        plain.tag(),
        plain.application(),
        plain.type(),
        plain.priority(),
        plain.filteredQueryParams(),
        plain.headersKey(),
        Optional.of(range),
        false,
        false,
        false,
        8,
        plain.encoded());
  }

  static DownloadSpec metadataOnly() {
    DownloadSpec plain = download();
    return new DownloadSpec(
        plain.url(),
        plain.digest(),
        plain.tag(),
        plain.application(),
        plain.type(),
        plain.priority(),
        plain.filteredQueryParams(),
        plain.headersKey(),
        Optional.empty(),
        false,
        false,
        true,
        8,
        plain.encoded());
  }

  /** An upstream peer of a task with so many pieces. */
  Stream upstream(String name, int pieces) {
    return upstream(name, pieces, download());
  }

  Stream upstream(String name, int pieces, DownloadSpec download) {
    return register(
        TASK,
        name,
        false,
        download,
        Optional.of(content(pieces, "")),
        new BitSet(),
        Map.of(),
        false);
  }

  /** A peer of ours that holds nothing. */
  Stream ours(String name) {
    return ours(name, download());
  }

  Stream ours(String name, DownloadSpec download) {
    return register(TASK, name, true, download, Optional.empty(), new BitSet(), Map.of(), false);
  }

  /** A peer of ours that comes with some pieces. */
  Stream ours(String name, ContentInfo content, int... pieces) {
    return register(
        TASK, name, true, download(), Optional.of(content), bits(pieces), Map.of(), false);
  }

  Stream holder(String name, ContentInfo content) {
    BitSet all = new BitSet();
    all.set(0, content.layout().pieceCount());
    return register(TASK, name, true, download(), Optional.of(content), all, Map.of(), true);
  }

  Stream register(
      TaskId task,
      String name,
      boolean extension,
      DownloadSpec download,
      Optional<ContentInfo> content,
      BitSet pieces,
      Map<Integer, PieceRoot> roots,
      boolean holderOnly) {
    int at = name.indexOf('@');
    String host = at < 0 ? name : name.substring(at + 1);
    Stream stream = new Stream(task, new PeerId(name), ++sessions, extension);
    streams.put(stream.session, stream);
    peers.put(name, stream);
    swarm.register(
        new Registration(
            task,
            stream.peer,
            new HostId(host),
            stream.session,
            extension,
            download,
            content,
            pieces,
            roots,
            holderOnly,
            extension ? PIECE_PORT : 0),
        now);
    return stream;
  }

  void report(Stream stream, PeerReport report) {
    swarm.report(stream.task, stream.peer, stream.session, report, now);
  }

  void done(Stream stream, int... pieces) {
    List<DonePiece> done = new ArrayList<>();
    for (int piece : pieces) {
      done.add(new DonePiece(piece, Optional.empty(), Optional.empty()));
    }
    report(stream, new PeerReport.PiecesDone(done));
  }

  /** A piece read from the origin, with its root. */
  void read(Stream stream, int piece, int root) {
    report(
        stream,
        new PeerReport.PiecesDone(
            List.of(new DonePiece(piece, Optional.of(root(root)), Optional.empty()))));
  }

  void finished(Stream stream) {
    report(stream, new PeerReport.Finished(false));
  }

  void lost(Stream stream) {
    swarm.streamLost(stream.task, stream.peer, stream.session, now);
  }

  void corrupt(Stream child, int piece, String parent) {
    report(child, new PeerReport.PieceFailed(piece, new PeerId(parent), FailureReason.CORRUPT));
  }

  void unreachable(Stream child, String parent) {
    report(child, new PeerReport.PieceFailed(0, new PeerId(parent), FailureReason.UNREACHABLE));
  }

  static OriginFailure answered(int status) {
    return OriginFailure.found(OptionalInt.of(status), Map.of(), "no");
  }

  static PieceRoot root(int value) {
    byte[] bytes = new byte[PieceRoot.LENGTH];
    bytes[0] = (byte) value;
    return PieceRoot.of(bytes);
  }

  static BitSet bits(int... pieces) {
    BitSet bits = new BitSet();
    for (int piece : pieces) {
      bits.set(piece);
    }
    return bits;
  }

  /** Lets time pass, in steps, with all deadlines on the way. */
  SwarmDriver pass(long millis) {
    long end = now + millis;
    while (now < end) {
      now = Math.min(end, Math.max(now + 1, Math.min(swarm.nextDeadline(), now + 250)));
      swarm.tick(now);
    }
    return this;
  }

  PeerState state(String name) {
    return swarm.peer(TASK, new PeerId(name)).orElseThrow().getValue().state();
  }

  boolean knows(String name) {
    return swarm.peer(TASK, new PeerId(name)).isPresent();
  }
}
