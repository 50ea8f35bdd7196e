package io.dragonfly.daemon.source;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.jspecify.annotations.Nullable;

/** The body of an accepted answer on its connection. */
final class HttpOriginResponse implements OriginResponse {
  /** As much as one read of a plain socket gives. */
  private static final int CHUNK = 128 * 1024;

  private final OriginUrl url;
  private final HttpUriRequestBase request;
  private final ClassicHttpResponse answer;
  private final AnswerCheck.Verdict.Accepted accepted;
  private final Map<String, String> headers;
  private final Abort abort;
  private final Duration stallTimeout;
  private final @Nullable InputStream body;
  private byte[] chunk = new byte[0];
  private long position;
  private boolean ended;
  private boolean closed;
  private @Nullable OriginException failure;

  HttpOriginResponse(
      OriginUrl url,
      HttpUriRequestBase request,
      ClassicHttpResponse answer,
      AnswerCheck.Verdict.Accepted accepted,
      Map<String, String> headers,
      Abort abort,
      Duration stallTimeout)
      throws IOException {
    this.url = url;
    this.request = request;
    this.answer = answer;
    this.accepted = accepted;
    this.headers = Collections.unmodifiableMap(headers);
    this.abort = abort;
    this.stallTimeout = stallTimeout;
    this.position = accepted.start();
    HttpEntity entity = answer.getEntity();
    this.body = entity == null ? null : entity.getContent();
    this.ended = body == null;
  }

  @Override
  public int status() {
    return answer.getCode();
  }

  @Override
  public OptionalLong contentLength() {
    return accepted.contentLength();
  }

  @Override
  public boolean ranged() {
    return accepted.ranged();
  }

  @Override
  public long start() {
    return accepted.start();
  }

  @Override
  public OptionalLong bodyLength() {
    return accepted.bodyLength();
  }

  @Override
  public Map<String, String> headers() {
    return headers;
  }

  @Override
  public Validators validators() {
    return accepted.validators();
  }

  @Override
  public int read(ByteBuffer target) throws OriginException {
    if (failure != null) {
      throw failure;
    }
    if (ended) {
      return -1;
    }
    if (closed) {
      throw new IllegalStateException("the answer is closed");
    }
    if (!target.hasRemaining()) {
      return 0;
    }
    try {
      return remaining() == 0 ? readEnd() : readSome(target);
    } catch (OriginException e) {
      throw failed(e);
    } catch (IOException | IllegalStateException e) {
      throw failed(failure(e));
    }
  }

  private int readSome(ByteBuffer target) throws IOException {
    int wanted = (int) Math.min(Math.min(target.remaining(), CHUNK), remaining());
    int count;
    if (body == null) {
      count = -1;
    } else if (target.hasArray()) {
      count = body.read(target.array(), target.arrayOffset() + target.position(), wanted);
      if (count > 0) {
        target.position(target.position() + count);
      }
    } else {
      if (chunk.length < wanted) {
        chunk = new byte[wanted];
      }
      count = body.read(chunk, 0, wanted);
      if (count > 0) {
        target.put(chunk, 0, count);
      }
    }
    if (count < 0) {
      if (accepted.bodyLength().isPresent()) {
        throw Failures.truncated(null, url, position);
      }
      ended = true;
      return -1;
    }
    position += count;
    if (remaining() == 0 && isLengthFramed()) {
      // Costs no I/O and gives the connection back, even if nobody reads on to the end.
      readEnd();
    }
    return count;
  }

  private int readEnd() throws IOException {
    if (body != null && body.read() >= 0) {
      throw Failures.of(
          Kind.TOO_LONG,
          url,
          "the answer goes on after its announced end at byte " + position + " of the content.");
    }
    ended = true;
    return -1;
  }

  private boolean isLengthFramed() {
    HttpEntity entity = answer.getEntity();
    return entity != null && entity.getContentLength() >= 0;
  }

  /** Bytes to the announced end; all there can be if none is announced. */
  private long remaining() {
    OptionalLong length = accepted.bodyLength();
    return length.isPresent() ? accepted.start() + length.getAsLong() - position : Long.MAX_VALUE;
  }

  private OriginException failure(Exception e) {
    abort.noticeInterrupt();
    Abort.Reason reason = abort.reason();
    if (reason != null) {
      return Failures.aborted(reason, url, stallTimeout);
    }
    return e instanceof IOException io
        ? Failures.inBody(io, url, position, stallTimeout)
        : Failures.truncated(new IOException(e), url, position);
  }

  private OriginException failed(OriginException e) {
    failure = e;
    close();
    return e;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    abort.close();
    HttpTrail.cutOff(request, answer, ended);
  }
}
