package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.OriginPlan.Read;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * From one version of the content to the next: nothing of the old one is kept, and everybody begins
 * anew. Content of more versions than the options allow ends the download. A version that was seen
 * before is no further one: a scheduler that has just begun may know the one before from others.
 */
final class Versions {
  /** However few versions there are, nobody goes on for ever between them. */
  private static final int MOST_RETURNS = 4;

  private final Parts parts;
  private final Set<String> seen = new HashSet<>();
  private int changes;
  private int voided;

  Versions(Parts parts) {
    this.parts = parts;
  }

  /** The content is this one; {@code answer} is the look that said so, and goes on. */
  void begin(ContentInfo info, Optional<Read> answer, long now, List<Action> out) {
    boolean another = !parts.content.isUnknown() && !parts.content.isSameVersion(info);
    seen.add(info.version() + '/' + info.length() + '/' + info.pieceLength());
    if (another && !mayChange(out)) {
      return;
    }
    startOver(answer, out);
    int epoch = parts.content.open(info);
    out.add(new Action.OpenTask(epoch, info));
    if (another && parts.link.isJoined() && !parts.link.isOurs()) {
      parts.link.rejoin(now, out);
    }
  }

  /**
   * What is held contradicts what others hold: it is of another version, whatever it was called.
   */
  void voided(long now, List<Action> out) {
    voided++;
    if (mayChange(out)) {
      parts.content.forget();
      startOver(Optional.empty(), out);
      parts.link.retire(
          new PeerReport.Failed("pieces of different versions were found; beginning anew"),
          now,
          out);
    }
  }

  private void startOver(Optional<Read> answer, List<Action> out) {
    parts.fetches.startOver(out);
    parts.book.startOver(out);
    parts.origin.startOver(out, answer);
    parts.answers.startOver();
    parts.link.startOver();
  }

  private boolean mayChange(List<Action> out) {
    int most = parts.options.contentChanges();
    if (++changes <= MOST_RETURNS * most && seen.size() - 1 + voided <= most) {
      return true;
    }
    parts.answers.failThose(
        _ -> true,
        waiter ->
            new DownloadException(
                Code.CONTENT_CHANGED,
                "The content of "
                    + waiter.request.urlForDisplay()
                    + " changed "
                    + changes
                    + " times while it was downloaded: try again when it has settled."),
        out);
    return false;
  }

  /** A piece was stored and verified. */
  void pieceHeld(StoredPiece piece, ByteSource source, long now, List<Action> out) {
    parts.progressAt = now;
    if (parts.content.holds(piece.number())) {
      return;
    }
    if (!parts.content.hold(piece.number(), piece.root())) {
      voided(now, out);
      return;
    }
    out.add(new Action.Arrived(source, piece.length()));
    parts.answers.pieceDone(piece.number(), source, out);
    parts.link.pieceDone(piece, now, out);
  }
}
