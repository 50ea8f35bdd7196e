package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.extension.v1.Held;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.scheduler.swarm.PeerOrder;
import io.dragonfly.scheduler.swarm.Registration;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A host tells what it holds, one task after the other: Hold. The next is read when the one before
 * was answered and its turn has come, so what waits stays with the host. Messages come one after
 * the other; answers may come on any thread, and are sent under the monitor of this object.
 */
final class HoldCall implements StreamObserver<Register> {
  private final SwarmShell shell;
  private final ServerCallStreamObserver<Held> out;
  private final Pace pace;
  private final ScheduledExecutorService timer;
  private boolean answering;
  private boolean toldAll;
  private boolean over;

  HoldCall(
      SwarmShell shell,
      ServerCallStreamObserver<Held> out,
      Pace pace,
      ScheduledExecutorService timer) {
    this.shell = shell;
    this.out = out;
    this.pace = pace;
    this.timer = timer;
    out.disableAutoRequest();
    out.setOnCancelHandler(this::gone);
    out.request(1);
  }

  @Override
  public void onNext(Register register) {
    synchronized (this) {
      answering = true;
    }
    Listener holding = new Listener(register.getTaskId(), shell.streams().newSession());
    try {
      if (!register.getHolderOnly()) {
        throw Checks.invalid("holder_only: whoever wants something joins");
      }
      Registration holder = JoinMessages.registration(register, holding.session);
      shell.streams().add(holding.session, holding);
      // It is registered and ends, or is refused; the swarm says which.
      shell.swarm().register(holder, shell.now());
    } catch (StatusRuntimeException e) {
      holding.end(e.getStatus());
    }
  }

  @Override
  public void onError(Throwable failure) {
    gone();
  }

  @Override
  public synchronized void onCompleted() {
    toldAll = true;
    endIfAnswered();
  }

  private synchronized void endIfAnswered() {
    if (toldAll && !answering && !over) {
      over = true;
      out.onCompleted();
    }
  }

  private synchronized void gone() {
    over = true;
  }

  private synchronized void answer(String task, Status status) {
    if (over) {
      return;
    }
    Held.Builder held = Held.newBuilder().setTaskId(task);
    if (!status.isOk()) {
      held.setRefusal(status.getCode() + ": " + status.getDescription());
    }
    out.onNext(held.build());
    answering = false;
    endIfAnswered();
    long wait = pace.reserve(1);
    if (wait == 0) {
      readOn();
    } else {
      Future<?> _ = timer.schedule(this::readOn, wait, TimeUnit.NANOSECONDS);
    }
  }

  private synchronized void readOn() {
    if (!over) {
      out.request(1);
    }
  }

  /** One task of the host. */
  private final class Listener implements PeerStreams.Listener {
    final String task;
    final long session;

    Listener(String task, long session) {
      this.task = task;
      this.session = session;
    }

    @Override
    public void tell(PeerOrder order) {
      // A holder wants nothing, so no order concerns it.
    }

    @Override
    public void end(Status status) {
      answer(task, status);
    }

    @Override
    public void gone() {
      // Nobody removes a session before it has ended.
    }
  }
}
