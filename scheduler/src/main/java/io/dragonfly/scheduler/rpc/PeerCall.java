package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.swarm.PeerOrder;
import io.dragonfly.scheduler.swarm.PeerReport;
import io.dragonfly.scheduler.swarm.Registration;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One peer's stream, coming in: the first message registers, the others report. What is not valid
 * ends the stream. Called by gRPC, one message after the other.
 */
abstract class PeerCall<I, O> implements StreamObserver<I> {
  private static final long NOT_ASKED = -1;

  private final SwarmShell shell;
  private final PeerStream<O> stream;
  private final AtomicLong askedAt = new AtomicLong(NOT_ASKED);
  final long session;
  private volatile @Nullable Registration registration;
  private volatile boolean seed;
  private long registeredAt;
  private long bytes;

  PeerCall(SwarmShell shell, StreamObserver<O> out, Function<PeerOrder, List<O>> messages) {
    this.shell = shell;
    ServerCallStreamObserver<O> observer = (ServerCallStreamObserver<O>) out;
    this.stream = new PeerStream<>(observer, messages, new Fares());
    this.session = shell.streams().newSession();
    observer.setOnCancelHandler(this::gone);
    observer.setOnCloseHandler(() -> shell.streams().remove(session));
    shell.streams().add(session, stream);
  }

  /** Understands one message. Throws what {@link Checks} throws. */
  abstract void receive(I message);

  @Override
  public final void onNext(I message) {
    try {
      receive(message);
    } catch (StatusRuntimeException e) {
      shell.metrics().announcePeer.failed();
      fail(e.getStatus());
    }
  }

  @Override
  public final void onError(Throwable failure) {
    gone();
  }

  /** The client has nothing more to say: without a last word before that is as good as a loss. */
  @Override
  public final void onCompleted() {
    leave();
    stream.end(Status.OK);
    shell.streams().remove(session);
  }

  final void register(Registration said) {
    if (registration != null) {
      throw Checks.invalid("the peer of this stream is registered already");
    }
    seed = shell.isSeed(said.host());
    registration = said;
    registeredAt = shell.now();
    askedAt.set(registeredAt);
    shell.metrics().announcePeer.ok();
    shell.metrics().registered(said.download(), seed);
    shell.swarm().register(said, registeredAt);
  }

  final void report(PeerReport report) {
    Registration peer = registered();
    count(peer, report);
    shell.swarm().report(peer.task(), peer.peer(), session, report, shell.now());
  }

  /** A piece arrived, for the metrics. */
  final void arrived(TrafficType traffic, long length, Optional<PeerId> parent) {
    bytes += Math.max(length, 0);
    Registration peer = registered();
    SchedulerMetrics metrics = shell.metrics();
    metrics.piece(traffic, peer.download(), seed, length);
    if (metrics.countsByHost()) {
      shell
          .swarm()
          .host(peer.host())
          .ifPresent(
              host -> metrics.hostTraffic(host.announcement(), true, peer.download(), length));
      parent
          .flatMap(id -> shell.swarm().peer(peer.task(), id))
          .flatMap(found -> shell.swarm().host(found.getValue().host()))
          .ifPresent(
              host -> metrics.hostTraffic(host.announcement(), false, peer.download(), length));
    }
  }

  final void missed(TrafficType traffic) {
    shell.metrics().pieceFailed(traffic, registered().download(), seed);
  }

  final Registration registered() {
    Registration known = registration;
    if (known == null) {
      throw Status.NOT_FOUND
          .withDescription("peer not found: the first message of a stream registers it")
          .asRuntimeException();
    }
    return known;
  }

  /** Every message of a stream is about the peer that it registered. */
  final void expect(HostId host, TaskId task, PeerId peer) {
    Registration known = registration;
    if (known == null) {
      throw Status.NOT_FOUND.withDescription("peer " + peer + " not found").asRuntimeException();
    }
    if (!known.peer().equals(peer) || !known.task().equals(task) || !known.host().equals(host)) {
      throw Checks.invalid("this stream is the one of peer " + known.peer());
    }
  }

  private void count(Registration peer, PeerReport report) {
    SchedulerMetrics metrics = shell.metrics();
    long millis = shell.now() - registeredAt;
    switch (report) {
      case PeerReport.Started _ -> metrics.started(peer.download(), seed, false);
      case PeerReport.OriginStarted _ -> metrics.started(peer.download(), seed, true);
      case PeerReport.Finished _ -> metrics.succeeded(peer.download(), seed, millis, bytes);
      case PeerReport.Failed said -> metrics.failed(peer.download(), seed, said.fromOrigin());
      case PeerReport.Reschedule _, PeerReport.ParentsWanted _ -> askedAt.set(shell.now());
      case PeerReport.PiecesDone _,
          PeerReport.PieceFailed _,
          PeerReport.ContentLearned _,
          PeerReport.Tiny _,
          PeerReport.OriginProgress _,
          PeerReport.OriginFailed _ -> {}
    }
  }

  private void fail(Status status) {
    stream.end(status);
    shell.streams().remove(session);
    leave();
  }

  private void gone() {
    shell.streams().remove(session);
    leave();
  }

  /** For the metrics. */
  private final class Fares implements PeerStream.Watch {
    @Override
    public void answered() {
      long asked = askedAt.getAndSet(NOT_ASKED);
      if (asked != NOT_ASKED) {
        shell.metrics().decided(Math.max(0, shell.now() - asked));
      }
    }

    @Override
    public void refused() {
      Registration known = registration;
      if (known != null) {
        shell.metrics().notRegistered(known.download(), seed);
      }
    }
  }

  private void leave() {
    Registration known = registration;
    if (known != null) {
      shell.swarm().streamLost(known.task(), known.peer(), session, shell.now());
    }
  }
}
