package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.daemon.storage.StoredPiece;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A caller that remembers what it heard. */
final class Caller implements DownloadListener {
  boolean takesBlocks;

  private static final Duration LONG = Duration.ofSeconds(40);

  final List<Started> started = new CopyOnWriteArrayList<>();
  final List<Integer> pieces = new CopyOnWriteArrayList<>();
  final List<DownloadSummary> summaries = new CopyOnWriteArrayList<>();
  final List<DownloadException> failures = new CopyOnWriteArrayList<>();
  final AtomicInteger progress = new AtomicInteger();

  @Override
  public boolean takesBlocks() {
    return takesBlocks;
  }

  @Override
  public void started(Started heard) {
    started.add(heard);
  }

  @Override
  public void pieceFinished(StoredPiece piece, ByteSource source) {
    pieces.add(piece.number());
  }

  @Override
  public void progress(ByteCounts bytes) {
    progress.incrementAndGet();
  }

  @Override
  public void finished(DownloadSummary summary) {
    summaries.add(summary);
  }

  @Override
  public void failed(DownloadException failure) {
    failures.add(failure);
  }

  DownloadSummary awaitFinished() {
    await().atMost(LONG).until(() -> summaries.size() + failures.size() > 0);
    assertThat(failures).isEmpty();
    assertThat(summaries).hasSize(1);
    return summaries.getFirst();
  }

  DownloadException awaitFailed() {
    await().atMost(LONG).until(() -> summaries.size() + failures.size() > 0);
    assertThat(summaries).isEmpty();
    assertThat(failures).hasSize(1);
    return failures.getFirst();
  }

  List<Integer> sortedPieces() {
    List<Integer> sorted = new ArrayList<>(pieces);
    sorted.sort(null);
    return sorted;
  }
}
