package io.dragonfly.lab.upstream;

import com.google.common.net.InetAddresses;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.regex.Pattern;

/** The checks that the Go scheduler makes before it looks at a message. */
final class RequestRules {
  private static final long MIB = 1024 * 1024;
  private static final Pattern DIGEST =
      Pattern.compile(
          "md5:[a-fA-F0-9]{32}|sha1:[a-fA-F0-9]{40}|sha256:[a-fA-F0-9]{64}|sha512:[a-fA-F0-9]{128}"
              + "|blake3:[a-fA-F0-9]{64}|crc32:[a-fA-F0-9]+");

  private RequestRules() {}

  /** The first rule that the request breaks. */
  static Optional<String> check(AnnouncePeerRequest request) {
    if (request.getHostId().isEmpty()
        || request.getTaskId().isEmpty()
        || request.getPeerId().isEmpty()) {
      return Optional.of("AnnouncePeerRequest: host_id, task_id and peer_id are required");
    }
    return switch (request.getRequestCase()) {
      case REGISTER_PEER_REQUEST -> check(request.getRegisterPeerRequest().getDownload());
      case RESCHEDULE_PEER_REQUEST -> checkReschedule(request);
      case DOWNLOAD_PEER_BACK_TO_SOURCE_STARTED_REQUEST ->
          description(
              request.getDownloadPeerBackToSourceStartedRequest().hasDescription(),
              request.getDownloadPeerBackToSourceStartedRequest().getDescription());
      case DOWNLOAD_PEER_FAILED_REQUEST ->
          description(
              request.getDownloadPeerFailedRequest().hasDescription(),
              request.getDownloadPeerFailedRequest().getDescription());
      case DOWNLOAD_PEER_BACK_TO_SOURCE_FAILED_REQUEST ->
          description(
              request.getDownloadPeerBackToSourceFailedRequest().hasDescription(),
              request.getDownloadPeerBackToSourceFailedRequest().getDescription());
      case DOWNLOAD_PIECE_FINISHED_REQUEST ->
          check(request.getDownloadPieceFinishedRequest().getPiece());
      case DOWNLOAD_PIECE_BACK_TO_SOURCE_FINISHED_REQUEST ->
          check(request.getDownloadPieceBackToSourceFinishedRequest().getPiece());
      case DOWNLOAD_PIECE_FAILED_REQUEST ->
          request.getDownloadPieceFailedRequest().getParentId().isEmpty()
              ? Optional.of("DownloadPieceFailedRequest: parent_id is required")
              : Optional.empty();
      case DOWNLOAD_PEER_STARTED_REQUEST,
          DOWNLOAD_PEER_FINISHED_REQUEST,
          DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST,
          DOWNLOAD_PIECE_BACK_TO_SOURCE_FAILED_REQUEST ->
          Optional.empty();
      case REQUEST_NOT_SET -> Optional.of("AnnouncePeerRequest: request is required");
    };
  }

  private static Optional<String> checkReschedule(AnnouncePeerRequest request) {
    for (Peer peer : request.getReschedulePeerRequest().getCandidateParentsList()) {
      Optional<String> broken = check(peer);
      if (broken.isPresent()) {
        return broken;
      }
    }
    return description(
        request.getReschedulePeerRequest().hasDescription(),
        request.getReschedulePeerRequest().getDescription());
  }

  private static Optional<String> description(boolean present, String text) {
    return present && text.isEmpty()
        ? Optional.of("description: absent or at least one character")
        : Optional.empty();
  }

  static Optional<String> check(Host host) {
    if (host.getId().isEmpty() || host.getHostname().isEmpty()) {
      return Optional.of("Host: id and hostname are required");
    }
    if (!InetAddresses.isInetAddress(host.getIp())) {
      return Optional.of("Host.ip: not an address: " + host.getIp());
    }
    if (host.getType() > 3 || !port(host.getPort()) || !port(host.getDownloadPort())) {
      return Optional.of("Host: type at most 3, ports from 1024 to 65534");
    }
    if (host.getCpu().getPercent() < 0 || host.getCpu().getProcessPercent() < 0) {
      return Optional.of("Host.cpu: percents must not be negative");
    }
    if (!percent(host.getMemory().getUsedPercent())
        || !percent(host.getMemory().getProcessUsedPercent())
        || !percent(host.getDisk().getUsedPercent())
        || !percent(host.getDisk().getInodesUsedPercent())) {
      return Optional.of("Host: memory and disk percents are 0 to 100");
    }
    if (host.hasBuild() && host.getBuild().getGitVersion().isEmpty()) {
      return Optional.of("Host.build: git_version is required");
    }
    return Optional.empty();
  }

  private static boolean port(int port) {
    return port >= 1024 && port < 65535;
  }

  private static boolean percent(double value) {
    return value >= 0 && value <= 100;
  }

  private static Optional<String> check(Download download) {
    if (!isUri(download.getUrl())) {
      return Optional.of("Download.url: not a URI");
    }
    if (!download.getDigest().isEmpty() && !DIGEST.matcher(download.getDigest()).matches()) {
      return Optional.of("Download.digest: " + download.getDigest());
    }
    if (download.hasPieceLength()
        && (download.getPieceLength() < 4 * MIB || download.getPieceLength() > 64 * MIB)) {
      return Optional.of("Download.piece_length: from 4 MiB to 64 MiB");
    }
    return Optional.empty();
  }

  private static Optional<String> check(Piece piece) {
    return piece.hasCost() && piece.hasCreatedAt()
        ? Optional.empty()
        : Optional.of("Piece: cost and created_at are required");
  }

  private static Optional<String> check(Peer peer) {
    if (peer.getId().isEmpty()
        || !peer.hasCost()
        || peer.getState().isEmpty()
        || !peer.hasTask()
        || !peer.hasHost()
        || !peer.hasCreatedAt()
        || !peer.hasUpdatedAt()) {
      return Optional.of(
          "Peer: id, cost, state, task, host, created_at and updated_at are required");
    }
    Task task = peer.getTask();
    if (task.getId().isEmpty()
        || !isUri(task.getUrl())
        || task.getState().isEmpty()
        || !task.hasCreatedAt()
        || !task.hasUpdatedAt()) {
      return Optional.of("Task: id, url, state, created_at and updated_at are required");
    }
    return check(peer.getHost());
  }

  private static boolean isUri(String text) {
    try {
      return new URI(text).isAbsolute();
    } catch (URISyntaxException e) {
      return false;
    }
  }
}
