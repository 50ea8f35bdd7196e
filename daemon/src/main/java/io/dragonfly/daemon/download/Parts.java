package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** The parts of one task's download. What one knows the others ask it for. */
final class Parts {
  final DownloadOptions options;
  final Waiters waiters = new Waiters();
  final TaskContent content = new TaskContent();
  final ParentBook book = new ParentBook();
  final Answers answers;
  final Fetches fetches;
  final OriginPlan origin;
  final LinkPolicy link;

  /** When something last went on: bytes, pieces, orders. */
  long progressAt;

  Parts(
      DownloadOptions options,
      RandomGenerator random,
      Supplier<PeerId> peerIds,
      boolean anyScheduler) {
    this.options = options;
    this.answers = new Answers(options, waiters, content);
    this.fetches = new Fetches(book, new PiecePicker(random), random, options.concurrentPieces());
    this.origin = new OriginPlan(options, random, waiters::isByBlocks);
    this.link = new LinkPolicy(options, random, peerIds, anyScheduler);
  }
}
