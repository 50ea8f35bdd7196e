package io.dragonfly.daemon.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.HDFS;
import io.dragonfly.api.common.v2.HuggingFace;
import io.dragonfly.api.common.v2.ModelScope;
import io.dragonfly.api.common.v2.ObjectStorage;
import io.dragonfly.api.common.v2.Priority;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.id.TaskIdentity;
import io.dragonfly.common.net.Credentials;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.local.LineRequest;
import io.dragonfly.daemon.proxy.TaskAsk;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Translates between the wire's Download message and this daemon's {@link DownloadRequest}. */
final class DownloadMessages {
  private DownloadMessages() {}

  /**
   * @throws IllegalArgumentException if the message can't be understood; says which field and why
   */
  static DownloadRequest request(Download download) {
    if (download.getUrl().isEmpty()) {
      throw new IllegalArgumentException("url is empty");
    }
    Map<String, String> headers = new LinkedHashMap<>();
    Optional<String> range = Optional.empty();
    for (Map.Entry<String, String> header : download.getRequestHeaderMap().entrySet()) {
      if (header.getKey().equalsIgnoreCase("range")) {
        range = Optional.of(header.getValue());
      } else {
        headers.put(header.getKey(), header.getValue());
      }
    }
    if (download.hasRange()) {
      range = Optional.of(rangeHeader(download.getRange()));
    }
    return new DownloadRequest(
        taskId(download),
        download.getUrl(),
        headers,
        text(download.hasTag(), download.getTag()),
        text(download.hasApplication(), download.getApplication()),
        download.getPriorityValue(),
        download.getFilteredQueryParamsList(),
        download.hasPieceLength()
            ? OptionalLong.of(download.getPieceLength())
            : OptionalLong.empty(),
        range,
        download.getDigest().isEmpty()
            ? Optional.empty()
            : Optional.of(Digest.parse(download.getDigest())),
        download.getDisableBackToSource(),
        download.getNeedBackToSource(),
        timeout(download),
        download.getCertificateChainList().stream()
            .map(certificate -> certificate.toByteArray())
            .toList(),
        download.getIsPrefetch(),
        OptionalLong.empty(),
        download.toByteArray());
  }

  static TaskId taskId(Download download) {
    Optional<String> revision = Optional.empty();
    if (download.hasHuggingFace()) {
      revision = Optional.of(download.getHuggingFace().getRevision());
    } else if (download.hasModelScope()) {
      revision = Optional.of(download.getModelScope().getRevision());
    }
    return new TaskIdentity(
            download.getUrl(),
            text(download.hasTag(), download.getTag()),
            text(download.hasApplication(), download.getApplication()),
            revision,
            download.hasPieceLength()
                ? OptionalLong.of(download.getPieceLength())
                : OptionalLong.empty(),
            download.getFilteredQueryParamsList(),
            text(
                download.hasContentForCalculatingTaskId(),
                download.getContentForCalculatingTaskId()),
            download.getEnableTaskIdBasedBlobDigest())
        .taskId();
  }

  /** What a user asked for on the line protocol, as if it had come over gRPC. */
  static DownloadRequest request(LineRequest line) {
    Download.Builder download =
        Download.newBuilder()
            .setUrl(line.url())
            .setPriority(priority(line.priority()))
            .addAllFilteredQueryParams(
                line.filteredQueryParams().orElse(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS))
            .setDisableBackToSource(line.disableBackToSource())
            .setTag(line.tag().orElse(""))
            .setApplication(line.application().orElse(""));
    line.digest().ifPresent(download::setDigest);
    line.pieceLength().ifPresent(download::setPieceLength);
    line.contentForTaskId().ifPresent(download::setContentForCalculatingTaskId);
    line.timeout().ifPresent(t -> download.setTimeout(ProtoTime.duration(t)));
    for (String header : line.headers()) {
      int colon = header.indexOf(':');
      if (colon < 1) {
        throw new IllegalArgumentException("a header is not \"Name: value\"");
      }
      download.putRequestHeader(
          header.substring(0, colon).strip(), header.substring(colon + 1).strip());
    }
    DownloadRequest request = request(download.build());
    return line.bytesPerSecond().isPresent()
        ? request.withBytesPerSecond(line.bytesPerSecond().getAsLong())
        : request;
  }

  /** What a client of the proxy asked for, as if it had come over gRPC. */
  static DownloadRequest request(TaskAsk ask) {
    Download.Builder download =
        Download.newBuilder()
            .setUrl(ask.url())
            .putAllRequestHeader(ask.headers())
            .setPriority(priority(ask.priority()))
            .addAllFilteredQueryParams(ask.filteredQueryParams())
            .setDisableBackToSource(ask.disableBackToSource())
            .setEnableTaskIdBasedBlobDigest(ask.byBlobDigest());
    ask.tag().ifPresent(download::setTag);
    ask.application().ifPresent(download::setApplication);
    ask.pieceLength().ifPresent(download::setPieceLength);
    ask.contentForTaskId().ifPresent(download::setContentForCalculatingTaskId);
    ask.digest().ifPresent(digest -> download.setDigest(digest.toString()));
    ask.range().ifPresent(range -> download.putRequestHeader("Range", range));
    return request(download.build());
  }

  /** The message that a request came in, or one made from the request if it came another way. */
  static Download.Builder download(DownloadRequest request) {
    byte[] encoded = request.encoded();
    if (encoded.length > 0) {
      try {
        return Download.parseFrom(encoded).toBuilder();
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException("a Download message that was kept can't be read", e);
      }
    }
    Download.Builder download =
        Download.newBuilder()
            .setUrl(request.url())
            .putAllRequestHeader(request.requestHeaders())
            .setPriority(priority(request.priority()))
            .addAllFilteredQueryParams(request.filteredQueryParams())
            .setDisableBackToSource(request.disableBackToSource())
            .setNeedBackToSource(request.triggeredByScheduler());
    request.tag().ifPresent(download::setTag);
    request.application().ifPresent(download::setApplication);
    request.pieceLength().ifPresent(download::setPieceLength);
    request.digest().ifPresent(digest -> download.setDigest(digest.toString()));
    request.timeout().ifPresent(t -> download.setTimeout(ProtoTime.duration(t)));
    return download;
  }

  /** The same message without anything that names who asks: for disk, and for other peers. */
  static Download withoutCredentials(Download download) {
    Download.Builder clean =
        download.toBuilder()
            .clearRequestHeader()
            .setUrl(
                Credentials.takenOutOf(download.getUrl(), download.getFilteredQueryParamsList()));
    for (Map.Entry<String, String> header : download.getRequestHeaderMap().entrySet()) {
      if (!Credentials.isNamed(header.getKey())) {
        clean.putRequestHeader(header.getKey(), header.getValue());
      }
    }
    if (download.hasObjectStorage()) {
      clean.setObjectStorage(withoutCredentials(download.getObjectStorage()));
    }
    if (download.hasHdfs()) {
      clean.setHdfs(HDFS.getDefaultInstance());
    }
    if (download.hasHuggingFace()) {
      clean.setHuggingFace(HuggingFace.newBuilder(download.getHuggingFace()).clearToken());
    }
    if (download.hasModelScope()) {
      clean.setModelScope(ModelScope.newBuilder(download.getModelScope()).clearToken());
    }
    return clean.build();
  }

  private static ObjectStorage withoutCredentials(ObjectStorage storage) {
    return storage.toBuilder()
        .clearAccessKeyId()
        .clearAccessKeySecret()
        .clearSessionToken()
        .clearSecurityToken()
        .clearCredentialPath()
        .build();
  }

  private static Priority priority(int number) {
    Priority priority = Priority.forNumber(number);
    return priority == null ? Priority.LEVEL0 : priority;
  }

  private static Optional<Duration> timeout(Download download) {
    if (!download.hasTimeout()) {
      return Optional.empty();
    }
    Duration timeout =
        Duration.ofSeconds(download.getTimeout().getSeconds(), download.getTimeout().getNanos());
    return timeout.isPositive() ? Optional.of(timeout) : Optional.empty();
  }

  private static String rangeHeader(io.dragonfly.api.common.v2.Range range) {
    if (range.getLength() == 0) {
      throw new IllegalArgumentException("range.length is 0: ask for at least one byte");
    }
    if (range.getStart() < 0
        || range.getLength() < 0
        || range.getStart() > Long.MAX_VALUE - range.getLength()) {
      throw new IllegalArgumentException("range does not fit into 63 bits");
    }
    return "bytes=" + range.getStart() + "-" + (range.getStart() + range.getLength() - 1);
  }

  /** An empty text on the wire means the same as none, also for task ids. */
  private static Optional<String> text(boolean present, String value) {
    return present && !value.isEmpty() ? Optional.of(value) : Optional.empty();
  }
}
