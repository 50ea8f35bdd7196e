package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;

/** What has to be done outside. Actions of one task come in their order; none may block. */
public sealed interface SwarmAction {
  /** Tell a peer. */
  record Tell(long session, PeerOrder order) implements SwarmAction {}

  /** End a peer's stream. */
  record End(long session, EndCode code, String text) implements SwarmAction {}

  /** Ask a seed to download; {@code trigger} names the call in later events. */
  record TriggerSeed(TaskId task, long trigger, HostAnnouncement seed, Opaque download)
      implements SwarmAction {
    /** Without the download: it may carry credentials. */
    @Override
    public String toString() {
      return "TriggerSeed[task=" + task + ", trigger=" + trigger + ", seed=" + seed.id() + "]";
    }
  }

  /** That call is of no more use. */
  record CancelTrigger(long trigger) implements SwarmAction {}

  /** Something an operator should read: an event name, then key=value. */
  record Notice(TaskId task, String text) implements SwarmAction {}

  /** The state of a host changed for all tasks. */
  record HostNotice(HostId host, String text) implements SwarmAction {}
}
