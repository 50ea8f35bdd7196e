package io.dragonfly.scheduler.rpc;

import io.dragonfly.scheduler.swarm.EndCode;
import io.dragonfly.scheduler.swarm.PeerOrder;
import io.dragonfly.scheduler.swarm.SwarmAction;
import io.grpc.Status;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All open streams of peers; carries out what the swarm decides. Safe for use by many threads. */
final class PeerStreams {
  private static final Logger log = LoggerFactory.getLogger(PeerStreams.class);

  private final Map<Long, Listener> streams = new ConcurrentHashMap<>();
  private final AtomicLong sessions = new AtomicLong();

  /** The peer of a session, which hears what the swarm decides about it; on any thread. */
  interface Listener {
    void tell(PeerOrder order);

    /** The swarm wants nothing more of it, or refuses it. */
    void end(Status status);

    /** Its call is over, and nothing can be told any more. */
    void gone();
  }

  /** A number for a new stream. */
  long newSession() {
    return sessions.incrementAndGet();
  }

  void add(long session, Listener stream) {
    streams.put(session, stream);
  }

  /** The call of this stream is over. */
  void remove(long session) {
    Listener stream = streams.remove(session);
    if (stream != null) {
      stream.gone();
    }
  }

  int size() {
    return streams.size();
  }

  /** Carries out an action; never blocks, never throws: one peer's trouble is not the others'. */
  void carryOut(SwarmAction action, SeedTriggers triggers) {
    try {
      carryOutOrThrow(action, triggers);
    } catch (RuntimeException e) {
      log.error("event=action_failed action={}", action.getClass().getSimpleName(), e);
    }
  }

  private void carryOutOrThrow(SwarmAction action, SeedTriggers triggers) {
    switch (action) {
      case SwarmAction.Tell tell -> tell(tell);
      case SwarmAction.End end -> end(end);
      case SwarmAction.TriggerSeed trigger -> triggers.start(trigger);
      case SwarmAction.CancelTrigger cancel -> triggers.cancel(cancel.trigger());
      case SwarmAction.Notice notice -> log.info("{} task={}", notice.text(), notice.task());
      case SwarmAction.HostNotice notice -> log.warn("{} host={}", notice.text(), notice.host());
    }
  }

  void tell(SwarmAction.Tell tell) {
    Listener stream = streams.get(tell.session());
    if (stream != null) {
      stream.tell(tell.order());
    }
  }

  void end(SwarmAction.End end) {
    Listener stream = streams.remove(end.session());
    if (stream != null) {
      stream.end(status(end));
    }
  }

  private static Status status(SwarmAction.End end) {
    EndCode code = end.code();
    Status status =
        switch (code) {
          case OK -> Status.OK;
          case INVALID_ARGUMENT -> Status.INVALID_ARGUMENT;
          case NOT_FOUND -> Status.NOT_FOUND;
          case FAILED_PRECONDITION -> Status.FAILED_PRECONDITION;
          case PERMISSION_DENIED -> Status.PERMISSION_DENIED;
          case RESOURCE_EXHAUSTED -> Status.RESOURCE_EXHAUSTED;
          case ABORTED -> Status.ABORTED;
        };
    return status.isOk() ? status : status.withDescription(end.text());
  }
}
