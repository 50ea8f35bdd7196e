package io.dragonfly.daemon.download;

import java.time.Duration;

/**
 * Bounds of downloads; sizes in bytes.
 *
 * @param activeTasks tasks that are downloaded at the same time; more are refused
 * @param waitersPerTask callers that share one task's download; more are refused
 * @param concurrentPieces pieces asked of parents at the same time, per task; also the most
 *     requests to its origin at the same time
 * @param transferThreads pieces asked of parents at the same time, in all
 * @param originReads requests to the origin at the same time to begin with, per task
 * @param totalOriginReads requests to the origin at the same time, in all
 * @param originRun most that one request to the origin asks for
 * @param firstLook how much the first request to the origin asks for
 * @param smallContent content up to this length goes straight to the origin under a Go scheduler
 * @param patience how long to wait for a scheduler before reading the origin without being told
 * @param patienceAfterScheduler the same where a scheduler had answered before
 * @param originAttempts requests to the origin without progress before it counts as failed
 * @param originAnswers the same where the origin answers each, by a failure that may pass
 * @param contentChanges further versions that may be seen while the content is read
 * @param progressEvery how often a caller hears of progress
 * @param reportEvery how long finished pieces are gathered before they are reported
 * @param rightsFresh how long the origin's yes to a caller's credentials is not asked for again
 * @param rightsGrace how long it lives on while the origin does not answer
 */
public record DownloadOptions(
    int activeTasks,
    int waitersPerTask,
    int concurrentPieces,
    int transferThreads,
    int originReads,
    int totalOriginReads,
    long originRun,
    long firstLook,
    long smallContent,
    Duration patience,
    Duration patienceAfterScheduler,
    int originAttempts,
    int originAnswers,
    int contentChanges,
    Duration progressEvery,
    Duration reportEvery,
    Duration rightsFresh,
    Duration rightsGrace) {

  public static final DownloadOptions DEFAULTS =
      new DownloadOptions(
          1024,
          4096,
          8,
          64,
          4,
          64,
          32L << 20,
          16L << 20,
          4L << 20,
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          5,
          4,
          3,
          Duration.ofMillis(100),
          Duration.ofMillis(100),
          Duration.ofMinutes(1),
          Duration.ofHours(1));

  public DownloadOptions {
    atLeastOne("activeTasks", activeTasks);
    atLeastOne("waitersPerTask", waitersPerTask);
    atLeastOne("concurrentPieces", concurrentPieces);
    atLeastOne("transferThreads", transferThreads);
    atLeastOne("originReads", originReads);
    atLeastOne("totalOriginReads", totalOriginReads);
    atLeastOne("originRun", originRun);
    atLeastOne("firstLook", firstLook);
    atLeastOne("originAttempts", originAttempts);
    atLeastOne("originAnswers", originAnswers);
  }

  /** With another number of pieces asked of parents at the same time. */
  public DownloadOptions withConcurrentPieces(int pieces) {
    return with(pieces, originAnswers, rightsFresh, rightsGrace);
  }

  /** With another number of requests to an origin that fails. */
  public DownloadOptions withOriginAnswers(int answers) {
    return with(concurrentPieces, answers, rightsFresh, rightsGrace);
  }

  /** With other times for which an origin's yes counts. */
  public DownloadOptions withRights(Duration fresh, Duration grace) {
    return with(concurrentPieces, originAnswers, fresh, grace);
  }

  private DownloadOptions with(int pieces, int answers, Duration fresh, Duration grace) {
    return new DownloadOptions(
        activeTasks,
        waitersPerTask,
        pieces,
        transferThreads,
        originReads,
        totalOriginReads,
        originRun,
        firstLook,
        smallContent,
        patience,
        patienceAfterScheduler,
        originAttempts,
        answers,
        contentChanges,
        progressEvery,
        reportEvery,
        fresh,
        grace);
  }

  private static void atLeastOne(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, not " + value);
    }
  }
}
