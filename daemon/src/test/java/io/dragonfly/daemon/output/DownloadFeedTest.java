package io.dragonfly.daemon.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.output.DownloadFeed.Event;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TrafficType;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DownloadFeedTest {
  private static final Duration AT_ONCE = Duration.ZERO;
  private static final DownloadSummary SUMMARY =
      new DownloadSummary(new ByteCounts(1, 0, 0, 0), Duration.ofMillis(1));

  private final DownloadFeed feed = new DownloadFeed();

  private static StoredPiece piece(int number) {
    return new StoredPiece(
        number,
        number * 10L,
        10,
        Digest.crc32(number),
        Optional.empty(),
        TrafficType.BACK_TO_SOURCE,
        "",
        Duration.ZERO,
        Instant.EPOCH);
  }

  @Test
  void whyTheContentIsGoneIsToldInsteadOfItsPieces() throws Exception {
    feed.pieceFinished(piece(0), ByteSource.CACHE);
    feed.pieceFinished(piece(1), ByteSource.CACHE);
    DownloadException wrongDigest =
        new DownloadException(DownloadException.Code.DIGEST_MISMATCH, "another digest");
    feed.failed(wrongDigest);
    feed.contentGone();

    assertThat(feed.next(AT_ONCE)).contains(new Event.Failed(wrongDigest));
  }

  @Test
  void aDownloadWhoseContentIsGoneIsNotDone() throws Exception {
    feed.contentGone();
    feed.pieceFinished(piece(0), ByteSource.CACHE);
    assertThat(feed.next(AT_ONCE)).isEmpty();
    feed.finished(SUMMARY);

    Optional<Event> end = feed.next(AT_ONCE);
    assertThat(end).containsInstanceOf(Event.Failed.class);
    assertThat(((Event.Failed) end.orElseThrow()).failure().code())
        .isEqualTo(DownloadException.Code.DELETED);
  }

  @Test
  void whatIsThereIsToldInOrder() throws Exception {
    feed.pieceFinished(piece(0), ByteSource.CACHE);
    feed.finished(SUMMARY);

    assertThat(feed.next(AT_ONCE)).containsInstanceOf(Event.Piece.class);
    assertThat(feed.next(AT_ONCE)).contains(new Event.Done(SUMMARY));
  }
}
