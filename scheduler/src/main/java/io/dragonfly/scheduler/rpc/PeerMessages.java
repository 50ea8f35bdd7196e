package io.dragonfly.scheduler.rpc;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Range;
import io.dragonfly.api.common.v2.SizeScope;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.scheduler.swarm.DownloadSpec;
import io.dragonfly.scheduler.swarm.ParentView;
import io.dragonfly.scheduler.swarm.PeerView;
import io.dragonfly.scheduler.swarm.TaskView;

/**
 * Peers and tasks as messages. Request headers are never part of them: they may carry credentials.
 */
final class PeerMessages {
  private PeerMessages() {}

  static Peer candidate(TaskView task, ParentView parent) {
    return peer(task, parent.peer()).setHost(HostMessages.parent(parent.host())).build();
  }

  static Peer.Builder peer(TaskView task, PeerView view) {
    Peer.Builder peer =
        Peer.newBuilder()
            .setId(view.id().value())
            .setPriorityValue(view.priority())
            .setConcurrentPieceCount(view.concurrentPieces())
            .setCost(duration(view.costMillis()))
            .setState(view.state().wire())
            .setNeedBackToSource(view.needBackToSource())
            .setTask(task(task))
            .setCreatedAt(timestamp(view.createdAt()))
            .setUpdatedAt(timestamp(view.updatedAt()));
    view.range()
        .ifPresent(range ->
            peer.setRange(Range.newBuilder().setStart(range.start()).setLength(range.length())));
    return peer;
  }

  static Task task(TaskView view) {
    DownloadSpec download = view.download();
    Task.Builder task =
        Task.newBuilder()
            .setId(view.id().value())
            .setTypeValue(download.type())
            .setUrl(DownloadMessages.publicUrl(download.url()))
            .addAllFilteredQueryParams(download.filteredQueryParams())
            .setPieceCount(view.pieceCount())
            .setSizeScope(sizeScope(view))
            .setState(view.state().wire())
            .setPeerCount(view.peerCount())
            .setHasAvailablePeer(view.hasAvailablePeer())
            .setCreatedAt(timestamp(view.createdAt()))
            .setUpdatedAt(timestamp(view.updatedAt()));
    download.digest().ifPresent(task::setDigest);
    download.tag().ifPresent(task::setTag);
    download.application().ifPresent(task::setApplication);
    view.content().ifPresent(content -> content.length().ifPresent(task::setContentLength));
    return task.build();
  }

  private static SizeScope sizeScope(TaskView view) {
    return switch (view.sizeScope()) {
      case NORMAL -> SizeScope.NORMAL;
      case SMALL -> SizeScope.SMALL;
      case TINY -> SizeScope.TINY;
      case EMPTY -> SizeScope.EMPTY;
    };
  }

  private static Timestamp timestamp(long millis) {
    return Timestamp.newBuilder()
        .setSeconds(Math.floorDiv(millis, 1000L))
        .setNanos((int) Math.floorMod(millis, 1000L) * 1_000_000)
        .build();
  }

  private static Duration duration(long millis) {
    return Duration.newBuilder()
        .setSeconds(millis / 1000)
        .setNanos((int) (millis % 1000) * 1_000_000)
        .build();
  }
}
