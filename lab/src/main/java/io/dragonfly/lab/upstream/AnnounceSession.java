package io.dragonfly.lab.upstream;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.EmptyTaskResponse;
import io.dragonfly.api.scheduler.v2.MetadataOnlyResponse;
import io.dragonfly.api.scheduler.v2.NeedBackToSourceResponse;
import io.dragonfly.api.scheduler.v2.NormalTaskResponse;
import io.dragonfly.lab.upstream.StandInTask.Member;
import io.dragonfly.lab.upstream.StandInTask.PeerState;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * One AnnouncePeer stream, handled message after message on one thread, as the Go scheduler does.
 */
final class AnnounceSession implements StreamObserver<AnnouncePeerRequest> {
  private static final int RETRY_BACK_TO_SOURCE_LIMIT = 4;
  private static final long RETRY_INTERVAL_MILLIS = 500;

  /** Ends the loop: the other side has closed its half, or is gone. */
  private static final AnnouncePeerRequest END = AnnouncePeerRequest.newBuilder().build();

  private final UpstreamScheduler scheduler;
  private final StreamObserver<AnnouncePeerResponse> responses;
  private final BlockingQueue<AnnouncePeerRequest> inbox = new LinkedBlockingQueue<>();

  AnnounceSession(UpstreamScheduler scheduler, StreamObserver<AnnouncePeerResponse> responses) {
    this.scheduler = scheduler;
    this.responses = responses;
    scheduler.threads.execute(this::run);
  }

  @Override
  public void onNext(AnnouncePeerRequest request) {
    inbox.add(request);
  }

  @Override
  public void onError(Throwable t) {
    inbox.add(END);
  }

  @Override
  public void onCompleted() {
    inbox.add(END);
  }

  @SuppressWarnings("ReferenceEquality") // END is a marker; an equal message from outside is not it
  private void run() {
    try {
      while (true) {
        AnnouncePeerRequest request = inbox.take();
        if (request == END || handle(request)) {
          responses.onCompleted();
          return;
        }
      }
    } catch (StatusException e) {
      scheduler.violations.add("AnnouncePeer: " + e.getStatus());
      responses.onError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IllegalStateException e) {
      // The call was cancelled while it was answered; the peer stays as it is.
    }
  }

  /** Handles one message; true when it ends the stream. */
  private boolean handle(AnnouncePeerRequest request) throws StatusException, InterruptedException {
    Optional<String> broken = RequestRules.check(request);
    if (broken.isPresent()) {
      throw Status.INVALID_ARGUMENT.withDescription(broken.get()).asException();
    }
    if (request.hasRegisterPeerRequest()) {
      register(request);
      return false;
    }
    Member peer = scheduler.peer(request.getTaskId(), request.getPeerId());
    StandInTask task = scheduler.task(request.getTaskId());
    switch (request.getRequestCase()) {
      case DOWNLOAD_PEER_STARTED_REQUEST -> begin(peer, PeerState.RUNNING);
      case DOWNLOAD_PEER_BACK_TO_SOURCE_STARTED_REQUEST -> begin(peer, PeerState.BACK_TO_SOURCE);
      case RESCHEDULE_PEER_REQUEST -> {
        request
            .getReschedulePeerRequest()
            .getCandidateParentsList()
            .forEach(parent -> peer.blocked.add(parent.getId()));
        schedule(task, peer);
      }
      case DOWNLOAD_PEER_FINISHED_REQUEST -> {
        finish(peer, PeerState.SUCCEEDED);
        return true;
      }
      case DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST -> {
        finish(peer, PeerState.SUCCEEDED);
        synchronized (scheduler) {
          task.state = "Succeeded";
        }
        return true;
      }
      case DOWNLOAD_PEER_FAILED_REQUEST, DOWNLOAD_PEER_BACK_TO_SOURCE_FAILED_REQUEST -> {
        finish(peer, PeerState.FAILED);
        return true;
      }
      case DOWNLOAD_PIECE_FAILED_REQUEST ->
          peer.blocked.add(request.getDownloadPieceFailedRequest().getParentId());
      case DOWNLOAD_PIECE_FINISHED_REQUEST,
          DOWNLOAD_PIECE_BACK_TO_SOURCE_FINISHED_REQUEST,
          DOWNLOAD_PIECE_BACK_TO_SOURCE_FAILED_REQUEST,
          REGISTER_PEER_REQUEST,
          REQUEST_NOT_SET -> {}
    }
    return false;
  }

  private void register(AnnouncePeerRequest request) throws StatusException, InterruptedException {
    Download download = request.getRegisterPeerRequest().getDownload();
    Member peer = scheduler.register(request);
    StandInTask task = scheduler.task(request.getTaskId());
    boolean trigger = false;
    synchronized (scheduler) {
      if (download.getMetadataOnly()) {
        task.state = "Running";
        peer.state = PeerState.RECEIVED_NORMAL;
        answer(b -> b.setMetadataOnlyResponse(MetadataOnlyResponse.getDefaultInstance()));
        return;
      }
      if (download.getNeedBackToSource()) {
        peer.needBackToSource = true;
      } else if (!task.state.equals("Running")
          && (!task.state.equals("Succeeded") || !task.hasAvailablePeer(peer))) {
        trigger = true;
      }
      task.state = "Running";
    }
    if (trigger && (peer.host.getType() != 0 || !scheduler.triggerSeed(download))) {
      peer.needBackToSource = true;
    }
    if (task.contentLength == 0) {
      peer.state = PeerState.RECEIVED_EMPTY;
      answer(b -> b.setEmptyTaskResponse(EmptyTaskResponse.getDefaultInstance()));
      return;
    }
    peer.state = PeerState.RECEIVED_NORMAL;
    schedule(task, peer);
  }

  /** Looks for parents every half second; sends the peer to the origin after four looks. */
  private void schedule(StandInTask task, Member peer) throws InterruptedException {
    for (int look = 0; !peer.needBackToSource && look < RETRY_BACK_TO_SOURCE_LIMIT; look++) {
      List<Member> parents;
      synchronized (scheduler) {
        parents = task.chooseParents(peer);
      }
      if (!parents.isEmpty()) {
        NormalTaskResponse.Builder normal = NormalTaskResponse.newBuilder();
        parents.forEach(parent -> normal.addCandidateParents(task.describe(parent)));
        answer(b -> b.setNormalTaskResponse(normal));
        return;
      }
      Thread.sleep(RETRY_INTERVAL_MILLIS);
    }
    String why =
        peer.needBackToSource
            ? "peer's NeedBackToSource is true"
            : "scheduling exceeded RetryBackToSourceLimit";
    answer(b ->
        b.setNeedBackToSourceResponse(NeedBackToSourceResponse.newBuilder().setDescription(why)));
  }

  private void begin(Member peer, PeerState next) throws StatusException {
    synchronized (scheduler) {
      boolean received =
          peer.state == PeerState.RECEIVED_NORMAL || peer.state == PeerState.RECEIVED_EMPTY;
      if (received) {
        peer.state = next;
      } else if (peer.state != PeerState.RUNNING) {
        throw inappropriate(next, peer);
      }
    }
  }

  private void finish(Member peer, PeerState next) throws StatusException {
    synchronized (scheduler) {
      boolean allowed =
          next == PeerState.FAILED
              ? peer.state != PeerState.LEAVE && peer.state != PeerState.FAILED
              : peer.state == PeerState.RUNNING
                  || peer.state == PeerState.BACK_TO_SOURCE
                  || peer.state == PeerState.RECEIVED_NORMAL
                  || peer.state == PeerState.RECEIVED_EMPTY;
      if (!allowed) {
        throw inappropriate(next, peer);
      }
      peer.state = next;
      peer.parents.clear();
    }
  }

  private static StatusException inappropriate(PeerState next, Member peer) {
    return Status.INTERNAL
        .withDescription("event to " + next + " inappropriate in current state " + peer.state)
        .asException();
  }

  private void answer(java.util.function.Consumer<AnnouncePeerResponse.Builder> fill) {
    AnnouncePeerResponse.Builder builder = AnnouncePeerResponse.newBuilder();
    fill.accept(builder);
    responses.onNext(builder.build());
  }
}
