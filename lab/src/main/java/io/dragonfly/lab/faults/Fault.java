package io.dragonfly.lab.faults;

import java.time.Duration;

/**
 * What can go wrong, and within how many seconds a download must then have ended: in success by
 * another way, or in one clear error. A limit is what a user would accept on a busy machine with
 * two cores, including the start of the dfget process; it is no measure of speed.
 */
enum Fault {
  MALFORMED_URL(30),
  UNKNOWN_SCHEME(30),
  NOTHING_LISTENS(60),
  MISSING_PARENT_DIRECTORY(30),
  EXISTING_OUTPUT(30),
  UNWRITABLE_OUTPUT(30),
  WRONG_DIGEST(60),
  FORBIDDEN_BY_PRIORITY(30),
  NOBODY_MAY_READ_THE_ORIGIN(30),
  ORIGIN_REFUSES(60),
  ORIGIN_NOT_TRUSTED(60),
  ORIGIN_REDIRECTS_FOREVER(60),
  ORIGIN_FAILS_THEN_RECOVERS(60),
  ORIGIN_FAILS_ALWAYS(60),
  ORIGIN_NEVER_ANSWERS(200),
  ORIGIN_CLOSES_MIDWAY(60),
  ORIGIN_LIES_ABOUT_LENGTH(90),
  ORIGIN_CHANGES_MIDWAY(90),
  ORIGIN_STALLS(120),
  NO_SPACE(60),
  CACHE_DISK_FULL(90),
  CACHE_DISK_DEAD(90),
  OUTPUT_DISK_FULL(90),
  FOREIGN_TASK_IDS(30),
  MALFORMED_FRAMES(60),
  PARENT_SENDS_WRONG_BYTES(90),
  PARENT_SENDS_MALFORMED_FRAMES(90),
  PARENT_STALLS(90),
  PARENT_KILLED(90),
  SCHEDULER_KILLED(90),
  SCHEDULER_STANDS_STILL(90),
  SEED_KILLED(90),
  LINK_CUT(90),
  DAEMON_KILLED(60),
  CLIENT_GONE(30),
  CONTROL_C(30),
  STANDALONE_STOPPED(60),
  STANDALONE_TWICE(60);

  private final int seconds;

  Fault(int seconds) {
    this.seconds = seconds;
  }

  Duration limit() {
    return Duration.ofSeconds(seconds);
  }
}
