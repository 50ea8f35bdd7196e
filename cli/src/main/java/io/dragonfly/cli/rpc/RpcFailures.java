package io.dragonfly.cli.rpc;

import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadFailure.Reason;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Words for a gRPC status. Upstream's daemon puts what the origin answered into the status details,
 * as JSON of {@code errordetails.v2.Backend}: {@code {"message", "header", "status_code"}}.
 */
final class RpcFailures {
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final int LARGEST_DETAILS = 64 << 10;

  private RpcFailures() {}

  static DownloadFailure of(StatusRuntimeException e, Path socket) {
    Status status = e.getStatus();
    OptionalInt origin = originStatus(e.getTrailers());
    String text = status.getDescription();
    if (status.getCode() == Status.Code.UNAVAILABLE && origin.isEmpty()) {
      text = "the daemon at " + socket + " cannot be reached or went away: " + text;
    } else if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
      text = "the time is over (--timeout)";
    } else if (text == null || text.isEmpty()) {
      text = "the daemon answered " + status.getCode();
    }
    return new DownloadFailure(Reason.FAILED, origin, text, e);
  }

  private static OptionalInt originStatus(@Nullable Metadata trailers) {
    byte[] details = trailers == null ? null : trailers.get(DETAILS);
    if (details == null || details.length == 0 || details.length > LARGEST_DETAILS) {
      return OptionalInt.empty();
    }
    try {
      JsonNode status = JsonMapper.shared().readTree(details).path("status_code");
      return status.isInt() ? OptionalInt.of(status.intValue()) : OptionalInt.empty();
    } catch (JacksonException e) {
      return OptionalInt.empty(); // another daemon's details
    }
  }
}
