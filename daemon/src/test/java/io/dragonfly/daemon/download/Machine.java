package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TrafficType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A TaskDownload driven by hand: events in, actions kept. */
final class Machine {
  static final long PIECE = 1 << 20;
  static final DownloadRequest REQUEST =
      Requests.withPieceLength(
          DownloadRequest.of(new TaskId("task"), "http://origin/file?signature=secret"), PIECE);

  final TaskDownload download;
  private final List<Action> actions = new ArrayList<>();
  private long now = 1_000_000_000L;
  private int peers;

  Machine() {
    this(true);
  }

  Machine(boolean anyScheduler) {
    download =
        new TaskDownload(
            DownloadOptions.DEFAULTS,
            new SplittableRandom(1),
            () -> new PeerId("me-" + ++peers),
            anyScheduler);
  }

  static ContentInfo content(int pieces) {
    return content(pieces, "v1");
  }

  static ContentInfo content(int pieces, String version) {
    return ContentInfo.of(pieces * PIECE, PIECE, version, Map.of());
  }

  static PieceRoot root(int piece) {
    return World.root(piece);
  }

  static Map<Integer, PieceRoot> roots(int pieces) {
    Map<Integer, PieceRoot> roots = new TreeMap<>();
    for (int piece = 0; piece < pieces; piece++) {
      roots.put(piece, root(piece));
    }
    return roots;
  }

  static BitSet bits(int... pieces) {
    BitSet bits = new BitSet();
    Arrays.stream(pieces).forEach(bits::set);
    return bits;
  }

  static StoredPiece stored(int piece, boolean withRoot) {
    return new StoredPiece(
        piece,
        piece * PIECE,
        PIECE,
        Digest.crc32(piece),
        withRoot ? Optional.of(root(piece)) : Optional.empty(),
        TrafficType.REMOTE_PEER,
        "",
        Duration.ofMillis(1),
        Instant.EPOCH);
  }

  /** A parent; one whose name begins with "seed" is a seed. */
  static ParentInfo parent(String name) {
    boolean seed = name.startsWith("seed");
    return new ParentInfo(new PeerId(name), new HostId("host-" + name), "10.0.0.1", 4000, seed);
  }

  /** Gives events and returns the actions they cause, which are also kept. */
  List<Action> give(Event... events) {
    List<Action> caused = download.on(List.of(events), now);
    actions.addAll(caused);
    return caused;
  }

  List<Action> after(Duration time) {
    long end = now + time.toNanos();
    List<Action> caused = new ArrayList<>();
    while (download.wakeAt() <= end) {
      now = Math.max(now, download.wakeAt());
      caused.addAll(give(new Event.Tick()));
    }
    now = end;
    caused.addAll(give(new Event.Tick()));
    return caused;
  }

  <T> List<T> all(Class<T> type) {
    return actions.stream().filter(type::isInstance).map(type::cast).toList();
  }

  <T> T last(Class<T> type) {
    List<T> all = all(type);
    assertThat(all).as(type.getSimpleName() + " among " + actions).isNotEmpty();
    return all.getLast();
  }

  <T extends PeerReport> List<T> reports(Class<T> type) {
    return all(Action.Send.class).stream()
        .map(Action.Send::report)
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  void forget() {
    actions.clear();
  }

  // Situations.

  void attach(long waiter) {
    attach(waiter, REQUEST);
  }

  void attach(long waiter, DownloadRequest request) {
    give(new Event.Attach(waiter, request));
  }

  int link() {
    return last(Action.OpenLink.class).link();
  }

  void ready(boolean ours) {
    give(new Event.LinkReady(link(), ours));
  }

  List<Action> order(SwarmOrder order) {
    return give(new Event.LinkOrder(link(), order));
  }

  /** The storage for the content last asked for is there. */
  List<Action> opened() {
    Action.OpenTask open = last(Action.OpenTask.class);
    return give(new Event.TaskOpened(open.epoch(), open.content(), new BitSet(), new TreeMap<>()));
  }

  /** A download under our scheduler that knows its content and all roots. */
  static Machine joined(int pieces) {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(pieces)));
    machine.opened();
    machine.order(new SwarmOrder.Roots(roots(pieces)));
    return machine;
  }

  void parents(String... names) {
    order(new SwarmOrder.Parents(Arrays.stream(names).map(Machine::parent).toList()));
  }

  int sync(String name) {
    return all(Action.Follow.class).stream()
        .filter(follow -> follow.parent().equals(parent(name)))
        .reduce((a, b) -> b)
        .orElseThrow()
        .sync();
  }

  List<Action> announce(String name, int... pieces) {
    List<Event> events = new ArrayList<>();
    events.add(new Event.ParentFeatures(sync(name), true));
    for (int piece : pieces) {
      events.add(new Event.ParentPiece(sync(name), piece, "10.0.0.1", 4001));
    }
    return give(events.toArray(new Event[0]));
  }

  Action.Fetch fetchOf(int piece) {
    return all(Action.Fetch.class).stream()
        .filter(fetch -> fetch.piece() == piece)
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  List<Action> fetched(int piece) {
    Action.Fetch fetch = fetchOf(piece);
    return give(
        new Event.FetchStarted(fetch.fetch()),
        new Event.FetchProgress(fetch.fetch(), PIECE),
        new Event.FetchDone(fetch.fetch(), stored(piece, fetch.root().isPresent())));
  }

  List<Action> head(OptionalLong length, String version, boolean ranged) {
    return give(
        new Event.OriginHead(
            last(Action.LookAtOrigin.class).read(), length, version, Map.of(), ranged));
  }

  List<Action> broke(long read, OriginException.Kind kind, int status) {
    return give(
        new Event.OriginBroke(
            read,
            new OriginProblem(
                kind,
                status == 0 ? OptionalInt.empty() : OptionalInt.of(status),
                Map.of(),
                "the origin said no",
                false)));
  }
}
