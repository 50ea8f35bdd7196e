package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.util.NetUtil;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;

/** What of a request is refused with INVALID_ARGUMENT, and in which words. */
final class Checks {
  private static final Pattern DIGEST =
      Pattern.compile(
          "md5:[a-fA-F0-9]{32}|sha1:[a-fA-F0-9]{40}|sha256:[a-fA-F0-9]{64}"
              + "|sha512:[a-fA-F0-9]{128}|blake3:[a-fA-F0-9]{64}|crc32:[a-fA-F0-9]+");
  private static final int MAX_DIGEST = 256;
  private static final int MAX_URL = 64 * 1024;
  private static final long MIN_PIECE_LENGTH = 4L << 20;
  private static final long MAX_PIECE_LENGTH = 64L << 20;

  private Checks() {}

  static StatusRuntimeException invalid(String text) {
    return Status.INVALID_ARGUMENT.withDescription(text).asRuntimeException();
  }

  static HostId hostId(String text) {
    try {
      return new HostId(text);
    } catch (IllegalArgumentException e) {
      throw invalid("host_id: " + e.getMessage());
    }
  }

  static PeerId peerId(String text) {
    try {
      return new PeerId(text);
    } catch (IllegalArgumentException e) {
      throw invalid("peer_id: " + e.getMessage());
    }
  }

  static TaskId taskId(String text) {
    try {
      return new TaskId(text);
    } catch (IllegalArgumentException e) {
      throw invalid("task_id: " + e.getMessage());
    }
  }

  static void host(Host host) {
    hostId(host.getId());
    if (host.getHostname().isEmpty() || host.getHostname().length() > HostId.MAX_LENGTH) {
      throw invalid("host.hostname: 1 to " + HostId.MAX_LENGTH + " characters are needed");
    }
    if (!NetUtil.isValidIpV4Address(host.getIp()) && !NetUtil.isValidIpV6Address(host.getIp())) {
      throw invalid("host.ip: not an IP address");
    }
    if (host.getType() < 0 || host.getType() > 3) {
      throw invalid("host.type: " + host.getType() + " is not in 0..3");
    }
    port("host.port", host.getPort());
    port("host.download_port", host.getDownloadPort());
  }

  private static void port(String name, int port) {
    if (port < 1024 || port > 65535) {
      throw invalid(name + ": " + port + " is not in 1024..65535");
    }
  }

  static void download(Download download) {
    if (download.getUrl().length() > MAX_URL || !isUri(download.getUrl())) {
      throw invalid("download.url: not a URI");
    }
    if (download.hasDigest()
        && !download.getDigest().isEmpty()
        && (download.getDigest().length() > MAX_DIGEST
            || !DIGEST.matcher(download.getDigest()).matches())) {
      throw invalid(
          "download.digest: write algorithm:value with md5, sha1, sha256, sha512, blake3 or crc32");
    }
    if (download.getPriorityValue() < 0 || download.getPriorityValue() > 6) {
      throw invalid("download.priority: " + download.getPriorityValue() + " is not in 0..6");
    }
    if (download.getTypeValue() < 0 || download.getTypeValue() > 3) {
      throw invalid("download.type: " + download.getTypeValue() + " is not in 0..3");
    }
  }

  /** Upstream's bounds of a chosen piece length; ours are those of the layout. */
  static void upstreamPieceLength(Download download) {
    if (download.hasPieceLength()
        && (download.getPieceLength() < MIN_PIECE_LENGTH
            || download.getPieceLength() > MAX_PIECE_LENGTH)) {
      throw invalid("download.piece_length: not in 4 MiB..64 MiB");
    }
  }

  private static boolean isUri(String text) {
    if (text.isEmpty()) {
      return false;
    }
    try {
      return new URI(text).getScheme() != null;
    } catch (URISyntaxException e) {
      // Rust's URLs may have characters that Java's URI refuses; a scheme is what matters here.
      int colon = text.indexOf("://");
      return colon > 0 && text.substring(0, colon).chars().allMatch(Checks::isSchemeCharacter);
    }
  }

  private static boolean isSchemeCharacter(int c) {
    return Character.isLetterOrDigit(c) || c == '+' || c == '-' || c == '.';
  }
}
