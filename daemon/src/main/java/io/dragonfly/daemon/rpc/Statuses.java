package io.dragonfly.daemon.rpc;

import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.output.OutputException;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * The one place where this daemon's failures become gRPC's. What an origin answered travels in the
 * status details as upstream's programs write and read it: the JSON of errordetails.v2.Backend.
 */
public final class Statuses {
  static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Statuses() {}

  public static Status of(DownloadException failure) {
    Status status =
        switch (failure.code()) {
          case INVALID_REQUEST -> Status.INVALID_ARGUMENT;
          case RANGE_NOT_SATISFIABLE -> Status.OUT_OF_RANGE;
          // Upstream's dfget looks at the details of INTERNAL.
          case ORIGIN_REFUSED, ORIGIN_UNAVAILABLE, STORAGE_FAILED, INTERNAL -> Status.INTERNAL;
          case CONTENT_CHANGED, DELETED -> Status.ABORTED;
          case NO_SOURCE -> Status.NOT_FOUND;
          case FORBIDDEN -> Status.PERMISSION_DENIED;
          case DIGEST_MISMATCH -> Status.DATA_LOSS;
          case NO_SPACE, TOO_MANY_DOWNLOADS -> Status.RESOURCE_EXHAUSTED;
          case TIMED_OUT -> Status.DEADLINE_EXCEEDED;
          case CANCELLED -> Status.CANCELLED;
          case SHUTTING_DOWN -> Status.UNAVAILABLE;
        };
    return status.withDescription(failure.getMessage());
  }

  public static Status of(OutputException failure) {
    return Status.fromCode(Status.Code.valueOf(failure.code().name()))
        .withDescription(failure.getMessage());
  }

  static StatusException exception(DownloadException failure) {
    Metadata trailers = new Metadata();
    if (failure.originStatus().isPresent()) {
      trailers.put(DETAILS, details(failure));
    }
    return of(failure).asException(trailers);
  }

  private static byte[] details(DownloadException failure) {
    Map<String, Object> backend = new LinkedHashMap<>();
    backend.put("message", String.valueOf(failure.getMessage()));
    backend.put("header", failure.originHeaders());
    failure.originStatus().ifPresent(status -> backend.put("status_code", status));
    return JSON.writeValueAsBytes(backend);
  }
}
