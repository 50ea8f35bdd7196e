package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import java.util.Optional;

/**
 * A task as it is shown: never request headers, they may carry credentials. Times are milliseconds
 * since 1970.
 */
public record TaskView(
    TaskId id,
    DownloadSpec download,
    Optional<ContentInfo> content,
    int pieceCount,
    SizeScope sizeScope,
    TaskState state,
    int peerCount,
    boolean hasAvailablePeer,
    long createdAt,
    long updatedAt) {}
