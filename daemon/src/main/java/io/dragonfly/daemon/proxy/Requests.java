package io.dragonfly.daemon.proxy;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import org.jspecify.annotations.Nullable;

/** What is wrong with requests whatever they ask for. */
final class Requests {
  private Requests() {}

  /** What makes a request one that nobody should pass on; null when nothing does. */
  static @Nullable HttpResponseStatus mistake(HttpRequest request) {
    if (request.decoderResult().isFailure()) {
      Throwable cause = request.decoderResult().cause();
      if (cause instanceof TooLongHttpLineException) {
        return HttpResponseStatus.REQUEST_URI_TOO_LONG;
      }
      return cause instanceof TooLongHttpHeaderException || cause instanceof TooLongFrameException
          ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
          : HttpResponseStatus.BAD_REQUEST;
    }
    if (request.uri().chars().anyMatch(c -> c <= ' ' || c == 0x7f)) {
      return HttpResponseStatus.BAD_REQUEST;
    }
    HttpVersion version = request.protocolVersion();
    boolean old = version.equals(HttpVersion.HTTP_1_0);
    if (!old && !version.equals(HttpVersion.HTTP_1_1)) {
      return HttpResponseStatus.HTTP_VERSION_NOT_SUPPORTED;
    }
    var encodings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (!encodings.isEmpty()
        && (old || encodings.size() > 1 || !encodings.get(0).strip().equalsIgnoreCase("chunked"))) {
      return HttpResponseStatus.BAD_REQUEST;
    }
    int hosts = request.headers().getAll(HttpHeaderNames.HOST).size();
    return hosts > 1 || (hosts == 0 && !old) ? HttpResponseStatus.BAD_REQUEST : null;
  }
}
