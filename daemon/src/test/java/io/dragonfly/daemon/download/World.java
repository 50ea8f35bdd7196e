package io.dragonfly.daemon.download;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TrafficType;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * One TaskDownload among a simulated scheduler, parents and origin, in simulated time. Everything
 * that goes wrong is drawn from the seed. It checks, while it goes on, what must never happen.
 */
final class World {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000 * MILLI;

  /** What is drawn from the seed. */
  record Plan(
      long length,
      long pieceLength,
      boolean ours,
      boolean anyScheduler,
      boolean ranges,
      boolean lengthKnown,
      boolean lease,
      double trouble,
      int parents) {}

  private record Due(long time, long order, Runnable what) implements Comparable<Due> {
    @Override
    public int compareTo(Due other) {
      return time != other.time ? Long.compare(time, other.time) : Long.compare(order, other.order);
    }
  }

  private final class SimulatedParent {
    final ParentInfo info;
    final BitSet pieces = new BitSet();
    final boolean corrupt;
    boolean dead;
    final long bytesPerSecond;

    SimulatedParent(int number) {
      info =
          new ParentInfo(
              new PeerId("parent-" + number),
              new HostId("host-" + number),
              "10.0.0." + number,
              4000,
              number == 0);
      corrupt = random.nextDouble() < plan.trouble / 4;
      bytesPerSecond = 1L << random.nextInt(15, 26);
    }
  }

  private record Running(Action.Fetch fetch, SimulatedParent parent) {}

  final Plan plan;
  final PieceLayout layout;
  final TaskDownload download;
  final RandomGenerator random;
  final Map<Long, List<Action>> answers = new TreeMap<>();
  final Map<Long, BitSet> heldBy = new TreeMap<>();
  final List<PeerReport> reports = new ArrayList<>();
  final Map<Integer, Integer> originReads = new TreeMap<>();
  boolean originDown;
  boolean schedulerDown;
  int originTrouble;
  int looks;
  long ticks;

  private final ContentInfo content;
  private final PriorityQueue<Due> queue = new PriorityQueue<>();
  private final List<SimulatedParent> parents = new ArrayList<>();
  private final Map<Integer, SimulatedParent> syncs = new TreeMap<>();
  private final Map<Long, Running> fetches = new TreeMap<>();
  private final Set<Long> reads = new HashSet<>();
  private final Map<Long, Action.LookAtOrigin> waitingLooks = new TreeMap<>();
  private final BitSet held = new BitSet();
  private int link;
  private boolean joined;

  /** A root of the present version was told or learned. */
  private boolean rooted;

  private int epoch;
  private long time;
  private long order;
  private long scheduledWake = Long.MAX_VALUE;
  private boolean done;

  World(long seed, Plan plan) {
    this.random = new SplittableRandom(seed);
    this.plan = plan;
    this.layout = new PieceLayout(plan.length, plan.pieceLength);
    this.content = ContentInfo.of(plan.length, plan.pieceLength, "v1", Map.of());
    int[] peers = {0};
    this.download =
        new TaskDownload(
            DownloadOptions.DEFAULTS,
            new SplittableRandom(seed + 1),
            () -> new PeerId("me-" + ++peers[0]),
            plan.anyScheduler);
    for (int i = 0; i < plan.parents; i++) {
      parents.add(new SimulatedParent(i));
    }
  }

  static PieceRoot root(int piece) {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) piece;
    bytes[1] = (byte) (piece >> 8);
    return PieceRoot.of(bytes);
  }

  DownloadRequest request() {
    DownloadRequest plain = DownloadRequest.of(new TaskId("task"), "http://origin/file");
    return Requests.withPieceLength(plain, plan.pieceLength);
  }

  long time() {
    return time;
  }

  void attach(long waiter, DownloadRequest request) {
    answers.put(waiter, new ArrayList<>());
    heldBy.put(waiter, new BitSet());
    give(new Event.Attach(waiter, request));
  }

  void after(long nanos, Runnable what) {
    queue.add(new Due(time + nanos, ++order, what));
  }

  /** Runs until nothing is left, the download is done, or the time is over. */
  void run(Duration longest) {
    long end = time + longest.toNanos();
    while (!queue.isEmpty() && queue.peek().time <= end && !done) {
      Due due = queue.poll();
      time = Math.max(time, due.time);
      due.what.run();
    }
  }

  boolean isDone() {
    return done;
  }

  void give(Event event) {
    List<Action> actions = download.on(event, time);
    if (done) {
      assertThat(actions).as("actions after the end").isEmpty();
    }
    for (Action action : actions) {
      assertThat(done).as("%s after Done", action).isFalse();
      perform(action);
    }
    long wake = download.wakeAt();
    if (wake < Long.MAX_VALUE && (wake < scheduledWake || scheduledWake <= time)) {
      scheduledWake = wake;
      after(Math.max(0, wake - time), () -> tick(wake));
    }
  }

  private void tick(long wake) {
    if (!done && wake == scheduledWake) {
      ticks++;
      scheduledWake = Long.MAX_VALUE;
      give(new Event.Tick());
    }
  }

  private boolean trouble(double share) {
    return random.nextDouble() < plan.trouble * share;
  }

  private long delay() {
    return random.nextLong(MILLI, 20 * MILLI);
  }

  private void perform(Action action) {
    switch (action) {
      case Action.OpenLink(int number) -> openLink(number);
      case Action.Send(int number, PeerReport report) -> report(number, report);
      case Action.CloseLink(int number) -> {
        if (number == link) {
          joined = false;
        }
      }
      case Action.OpenTask(int number, ContentInfo info) -> {
        assertThat(number).isGreaterThan(epoch);
        epoch = number;
        held.clear();
        rooted = false;
        after(
            delay(), () -> give(new Event.TaskOpened(number, info, new BitSet(), new TreeMap<>())));
      }
      case Action.DropTask(int _) -> {}
      case Action.Follow follow -> follow(follow);
      case Action.Unfollow(int sync) -> syncs.remove(sync);
      case Action.Fetch fetch -> fetch(fetch);
      case Action.AbortFetch(long id) ->
          after(
              delay(),
              () -> {
                if (fetches.remove(id) != null) {
                  give(new Event.FetchFailed(id, Reason.CANCELLED, "aborted"));
                }
              });
      case Action.StoreTiny tiny ->
          throw new AssertionError("nobody said the bytes of tiny content: " + tiny);
      case Action.LookAtOrigin look -> look(look);
      case Action.TakeAnswer(long read, int _, BitSet pieces, var _) -> {
        Action.LookAtOrigin look = requireNonNull(waitingLooks.remove(read));
        readPieces(read, pieces.stream().boxed().toList(), look.length() == 0 || !plan.ranges);
      }
      case Action.TakeStream(long read, int _, long _) ->
          after(
              SECOND,
              () -> {
                if (reads.remove(read)) {
                  List<StoredPiece> all = new ArrayList<>();
                  for (int piece = 0; piece < layout.pieceCount(); piece++) {
                    all.add(stored(piece, true));
                    held.set(piece);
                  }
                  give(new Event.OriginStored(read, content, all));
                }
              });
      case Action.ReadOrigin run -> {
        reads.add(run.read());
        List<Integer> pieces = new ArrayList<>();
        for (int piece = run.first(); piece <= run.last(); piece++) {
          pieces.add(piece);
        }
        if (!plan.ranges) {
          after(delay(), () -> broke(run.read(), OriginException.Kind.NO_RANGES, 0));
        } else {
          after(delay(), () -> readPieces(run.read(), pieces, false));
        }
      }
      case Action.StopRead(long read) -> {
        reads.remove(read);
        waitingLooks.remove(read);
      }
      case Action.Started started -> answer(started.waiter(), started);
      case Action.PartHeld _ -> {}
      case Action.PieceHeld(long waiter, int _, int piece, ByteSource _) -> {
        assertThat(requireNonNull(heldBy.get(waiter)).get(piece))
            .as("piece %s told twice", piece)
            .isFalse();
        requireNonNull(heldBy.get(waiter)).set(piece);
      }
      case Action.Arrived(ByteSource source, long bytes) -> {
        assertThat(source).isNotEqualTo(ByteSource.CACHE);
        assertThat(bytes).isPositive();
      }
      case Action.Progress(long waiter, ByteCounts bytes) ->
          assertThat(bytes.total()).as("progress of %s", waiter).isLessThanOrEqualTo(plan.length);
      case Action.CheckDigest(int _, Digest expected) ->
          after(
              delay(),
              () -> give(new Event.DigestComputed(expected, Optional.of(Digest.crc32(7)))));
      case Action.Finished finished -> answer(finished.waiter(), finished);
      case Action.Failed failed -> answer(failed.waiter(), failed);
      case Action.Done() -> {
        done = true;
        assertThat(syncs).as("parents still followed at the end").isEmpty();
      }
    }
  }

  private void answer(long waiter, Action answer) {
    List<Action> before = requireNonNull(answers.get(waiter));
    assertThat(before)
        .as("answers to %s before %s", waiter, answer)
        .noneMatch(a -> a instanceof Action.Finished || a instanceof Action.Failed);
    if (answer instanceof Action.Started) {
      requireNonNull(heldBy.get(waiter)).clear();
    }
    before.add(answer);
  }

  // The scheduler.

  private void openLink(int number) {
    link = number;
    joined = false;
    after(
        delay(),
        () -> {
          if (schedulerDown || trouble(0.3)) {
            give(new Event.LinkLost(number, "refused", false));
          } else {
            give(new Event.LinkReady(number, plan.ours));
          }
        });
  }

  private void report(int number, PeerReport report) {
    assertThat(number).isEqualTo(link);
    reports.add(report);
    switch (report) {
      case PeerReport.Register register -> {
        joined = true;
        if (!plan.ours) {
          assertThat(register.content()).as("length told to a Go scheduler").isPresent();
        }
        assertThat(register.pieces()).isEqualTo(held);
        after(delay(), () -> answerRegister(number));
        if (trouble(0.3)) {
          after(random.nextLong(SECOND), () -> give(new Event.LinkLost(number, "broken", false)));
        }
      }
      case PeerReport.ParentsWanted _ -> after(delay(), () -> helpOut(number));
      case PeerReport.OriginFailed _ -> after(delay(), () -> namesParents(number));
      case PeerReport.Finished _, PeerReport.Failed _ -> joined = false;
      case PeerReport.ContentLearned _,
          PeerReport.PiecesDone _,
          PeerReport.PieceFailed _,
          PeerReport.Tiny _,
          PeerReport.OriginProgress _ -> {}
    }
  }

  private void order(int number, SwarmOrder order) {
    if (joined && number == link && !done) {
      rooted |= order instanceof SwarmOrder.Roots;
      give(new Event.LinkOrder(number, order));
    }
  }

  private void answerRegister(int number) {
    BitSet known = union();
    if (plan.ours && plan.lengthKnown && !known.isEmpty()) {
      order(number, new SwarmOrder.Content(content));
      Map<Integer, PieceRoot> roots = new TreeMap<>();
      known.stream().forEach(piece -> roots.put(piece, root(piece)));
      order(number, new SwarmOrder.Roots(roots));
    }
    if (plan.lengthKnown) {
      namesParents(number);
    }
    if (plan.lease || known.isEmpty()) {
      order(number, new SwarmOrder.GoToOrigin("lease", known));
    }
  }

  private void namesParents(int number) {
    order(
        number,
        new SwarmOrder.Parents(parents.stream().filter(p -> !p.dead).map(p -> p.info).toList()));
  }

  private void helpOut(int number) {
    BitSet live = union();
    if (live.cardinality() < layout.pieceCount() || random.nextBoolean()) {
      order(number, new SwarmOrder.GoToOrigin("parents do not suffice", new BitSet()));
    } else {
      namesParents(number);
    }
  }

  /** Pieces that some parent has and gives. */
  BitSet union() {
    BitSet union = new BitSet();
    parents.stream().filter(p -> !p.dead && !p.corrupt).forEach(p -> union.or(p.pieces));
    return union;
  }

  // Parents.

  void fillParents(double share) {
    for (SimulatedParent parent : parents) {
      for (int piece = 0; piece < layout.pieceCount(); piece++) {
        if (random.nextDouble() < share) {
          parent.pieces.set(piece);
        }
      }
    }
  }

  void killParents() {
    parents.forEach(parent -> parent.dead = true);
  }

  private void follow(Action.Follow follow) {
    SimulatedParent parent =
        parents.stream().filter(p -> p.info.equals(follow.parent())).findFirst().orElseThrow();
    syncs.put(follow.sync(), parent);
    if (trouble(0.2)) {
      parent.dead = true;
    }
    after(
        delay(),
        () -> {
          if (syncs.get(follow.sync()) != parent) {
            return;
          }
          if (parent.dead) {
            syncs.remove(follow.sync());
            give(new Event.ParentFailed(follow.sync(), "unreachable"));
            return;
          }
          give(new Event.ParentFeatures(follow.sync(), plan.ours));
          parent.pieces.stream()
              .forEach(piece -> {
                if (syncs.get(follow.sync()) == parent) {
                  give(new Event.ParentPiece(follow.sync(), piece, parent.info.ip(), 4001));
                }
              });
        });
  }

  private void fetch(Action.Fetch fetch) {
    SimulatedParent parent =
        parents.stream().filter(p -> p.info.equals(fetch.parent())).findFirst().orElseThrow();
    assertThat(held.get(fetch.piece())).as("piece %s fetched though held", fetch.piece()).isFalse();
    assertThat(fetches.values())
        .as("piece %s is fetched already", fetch.piece())
        .noneMatch(running -> running.fetch.piece() == fetch.piece());
    assertThat(fetches.values().stream().filter(r -> r.parent == parent).count())
        .isLessThan(Parent.MOST_REQUESTS);
    assertThat(fetches.size()).isLessThan(DownloadOptions.DEFAULTS.concurrentPieces());
    if (rooted) {
      assertThat(fetch.root()).contains(root(fetch.piece()));
    }
    fetches.put(fetch.fetch(), new Running(fetch, parent));
    long length = layout.length(fetch.piece());
    long needed = length * SECOND / parent.bytesPerSecond;
    after(MILLI, () -> ifRunning(fetch, () -> give(new Event.FetchStarted(fetch.fetch()))));
    if (parent.dead || trouble(0.1)) {
      after(2 * SECOND, () -> fetchFails(fetch, Reason.UNREACHABLE));
    } else if (parent.corrupt) {
      after(needed, () -> fetchFails(fetch, Reason.CORRUPT));
    } else if (trouble(0.1)) {
      after(delay(), () -> fetchFails(fetch, Reason.MISSING));
    } else if (trouble(0.1)) {
      after(10 * SECOND, () -> fetchFails(fetch, Reason.STALLED));
    } else {
      for (int part = 1; part <= 4; part++) {
        long bytes = length / 4;
        after(
            MILLI + needed * part / 4,
            () -> ifRunning(fetch, () -> give(new Event.FetchProgress(fetch.fetch(), bytes))));
      }
      after(
          2 * MILLI + needed,
          () ->
              ifRunning(
                  fetch,
                  () -> {
                    fetches.remove(fetch.fetch());
                    held.set(fetch.piece());
                    give(
                        new Event.FetchDone(
                            fetch.fetch(), stored(fetch.piece(), fetch.root().isPresent())));
                  }));
    }
  }

  private void fetchFails(Action.Fetch fetch, Reason reason) {
    ifRunning(
        fetch,
        () -> {
          fetches.remove(fetch.fetch());
          give(new Event.FetchFailed(fetch.fetch(), reason, reason.name()));
        });
  }

  private void ifRunning(Action.Fetch fetch, Runnable what) {
    if (fetches.containsKey(fetch.fetch()) && !done) {
      what.run();
    }
  }

  private StoredPiece stored(int piece, boolean withRoot) {
    return new StoredPiece(
        piece,
        layout.offset(piece),
        layout.length(piece),
        Digest.crc32(piece),
        withRoot ? Optional.of(root(piece)) : Optional.empty(),
        TrafficType.REMOTE_PEER,
        "",
        Duration.ofMillis(1),
        Instant.EPOCH);
  }

  // The origin.

  private void look(Action.LookAtOrigin look) {
    reads.add(look.read());
    looks++;
    after(
        delay(),
        () -> {
          if (!reads.contains(look.read())) {
            return;
          }
          if (originDown || (trouble(0.3) && originTrouble++ < 3)) {
            // An origin that answers so twice in a row is given up.
            broke(look.read(), OriginException.Kind.UNAVAILABLE, originTrouble == 1 ? 503 : 0);
            return;
          }
          waitingLooks.put(look.read(), look);
          give(
              new Event.OriginHead(
                  look.read(),
                  plan.lengthKnown ? OptionalLong.of(plan.length) : OptionalLong.empty(),
                  "v1",
                  Map.of(),
                  plan.ranges && look.length() > 0));
        });
  }

  private void readPieces(long read, List<Integer> pieces, boolean whole) {
    if (!reads.contains(read)) {
      return;
    }
    long at = 0;
    for (int piece : pieces) {
      at += layout.length(piece) * SECOND / (8 << 20) + MILLI;
      if (originDown || (trouble(0.05) && originTrouble++ < 3)) {
        after(at, () -> broke(read, OriginException.Kind.TRUNCATED, 0));
        return;
      }
      after(
          at,
          () -> {
            if (reads.contains(read) && !held.get(piece) && !isFetched(piece)) {
              held.set(piece);
              if (!whole) {
                originReads.merge(piece, 1, Integer::sum);
              }
              give(new Event.OriginBytes(read, layout.length(piece)));
              rooted = true;
              give(new Event.OriginPiece(read, stored(piece, true)));
            }
          });
    }
    after(
        at + MILLI,
        () -> {
          if (reads.remove(read)) {
            give(new Event.OriginEnded(read));
          }
        });
  }

  private boolean isFetched(int piece) {
    return fetches.values().stream().anyMatch(running -> running.fetch.piece() == piece);
  }

  private void broke(long read, OriginException.Kind kind, int status) {
    if (reads.remove(read)) {
      give(
          new Event.OriginBroke(
              read,
              new OriginProblem(
                  kind,
                  status == 0 ? OptionalInt.empty() : OptionalInt.of(status),
                  Map.of(),
                  "the origin failed",
                  true)));
    }
  }

  // Results.

  Action.Finished finished(long waiter) {
    for (Action answer : requireNonNull(answers.get(waiter))) {
      if (answer instanceof Action.Finished finished) {
        return finished;
      }
    }
    return fail("waiter " + waiter + " did not finish but heard " + answers.get(waiter));
  }

  Action.Failed failed(long waiter) {
    for (Action answer : requireNonNull(answers.get(waiter))) {
      if (answer instanceof Action.Failed failed) {
        return failed;
      }
    }
    return fail("waiter " + waiter + " did not fail but heard " + answers.get(waiter));
  }
}
