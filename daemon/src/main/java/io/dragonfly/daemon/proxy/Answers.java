package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dragonfly.daemon.download.ByteCounts;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.util.Map;

/** The headers of our own in answers, and answers that say why there is no other. */
final class Answers {
  static final String ERROR_TYPE = "X-Dragonfly-Error-Type";
  static final String TASK_ID = "X-Dragonfly-Task-ID";
  static final String SERVER_IP = "X-Dragonfly-Server-IP";
  static final String FINISHED = "X-Dragonfly-Task-Download-Finished";

  /** Bytes of the answer that were on this host when it began. */
  static final String CACHED_BYTES = "X-Dragonfly-Cached-Bytes";

  /** The trailer: bytes of the answer by where they came from. */
  static final String BYTES = "X-Dragonfly-Bytes";

  private static final String CHALLENGE = "Basic realm=\"dragonfly\"";

  private Answers() {}

  /** As the access log names them; a dictionary of RFC 8941. */
  static HttpHeaders trailers(ByteCounts bytes) {
    HttpHeaders trailers = new DefaultHttpHeaders();
    trailers.set(
        BYTES,
        "cache=%d, peers=%d, seed=%d, origin=%d"
            .formatted(bytes.cache(), bytes.peers(), bytes.seed(), bytes.origin()));
    return trailers;
  }

  static void refuse(Exchange exchange, Refusal refusal) throws IOException {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.set(ERROR_TYPE, refusal.type().toString());
    if (refusal.status().equals(HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED)) {
      headers.set(HttpHeaderNames.PROXY_AUTHENTICATE, CHALLENGE);
    } else if (refusal.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
      headers.set(HttpHeaderNames.WWW_AUTHENTICATE, CHALLENGE);
    }
    headers.set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
    exchange.answer(refusal.status(), headers, (refusal.getMessage() + "\n").getBytes(UTF_8));
  }

  /** The origin's own refusal of a task. */
  static void refuse(Exchange exchange, int originStatus, Map<String, String> originHeaders)
      throws IOException {
    HttpHeaders headers = new DefaultHttpHeaders();
    originHeaders.forEach(headers::set);
    headers.set(ERROR_TYPE, Refusal.Type.BACKEND.toString());
    exchange.answer(HttpResponseStatus.valueOf(originStatus), headers, new byte[0]);
  }
}
