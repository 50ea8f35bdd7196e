package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.errordetails.v2.Backend;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Failures of an origin as they arrive: in a status, whose details are, from upstream's programs, a
 * Backend message written as JSON: {@code {"message":..,"header":{..},"status_code":..}}.
 */
final class Failures {
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final Set<String> SECRET =
      Set.of(
          "set-cookie",
          "set-cookie2",
          "cookie",
          "authorization",
          "proxy-authorization",
          "authentication-info");
  private static final int MAX_TEXT = 512;
  private static final int MAX_DETAILS = 64 * 1024;
  private static final int MAX_HEADERS = 64;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Failures() {}

  /** What the end of a call to a seed says of the origin. */
  static OriginFailure of(Status status, @Nullable Metadata trailers) {
    String text = status.getCode() + text(status);
    byte[] details = trailers == null ? null : trailers.get(DETAILS);
    if (details == null || details.length > MAX_DETAILS) {
      return OriginFailure.unknown(text);
    }
    try {
      JsonNode json = JSON.readTree(new String(details, StandardCharsets.UTF_8));
      if (json.path("status_code").isInt()) {
        Backend.Builder backend =
            Backend.newBuilder()
                .setMessage(json.path("message").asString(""))
                .setStatusCode(json.path("status_code").asInt());
        json.path("header")
            .properties()
            .forEach(entry -> backend.putHeader(entry.getKey(), entry.getValue().asString("")));
        return JoinMessages.backend(backend.build());
      }
    } catch (JacksonException e) {
      return OriginFailure.unknown(text);
    }
    return OriginFailure.unknown(text);
  }

  /** Without what identifies a user; bounded. A challenge to identify oneself stays. */
  static Map<String, String> publicHeaders(Map<String, String> headers) {
    Map<String, String> kept = new TreeMap<>();
    headers.forEach((name, value) -> {
      if (kept.size() < MAX_HEADERS
          && !SECRET.contains(name.toLowerCase(Locale.ROOT))
          && name.length() + value.length() <= 8192) {
        kept.put(name, value);
      }
    });
    return kept;
  }

  static String shortened(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "...";
  }

  private static String text(Status status) {
    String description = status.getDescription();
    return description == null ? "" : ": " + shortened(description);
  }
}
