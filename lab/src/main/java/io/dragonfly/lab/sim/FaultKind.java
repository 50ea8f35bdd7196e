package io.dragonfly.lab.sim;

/** What can go wrong. */
enum FaultKind {
  /** A daemon is killed; mostly it comes back, with its cache. */
  CRASH,
  /** A machine goes dark without a word; mostly it comes back, with its cache. */
  POWER,
  /** Some hosts reach only each other for a while. */
  PARTITION,
  /** A host's disk becomes slow. */
  DISK,
  /** From now on a host sends wrong bytes, whose checksum is right. */
  CORRUPT,
  /** The scheduler is killed and comes back, knowing nothing. */
  SCHEDULER,
  /** The origin answers by errors for a while, or for good. */
  ORIGIN,
  /** The origin's content is another from now on. */
  CHANGE
}
