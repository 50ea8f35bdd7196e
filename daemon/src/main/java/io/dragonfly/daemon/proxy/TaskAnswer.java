package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.Sources;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;

/** Answers one GET with the bytes of a task, or one HEAD with what is known of it. */
final class TaskAnswer {
  private final TaskDownloads downloads;
  private final Sources sources;
  private final String ip;
  private final Challenges challenges;
  private final Exchange exchange;
  private final TaskAsk ask;
  private final List<TaskStream> streams = new ArrayList<>();

  /**
   * @param ip of this host, told to the client
   * @param challenges hears of requests that need a token
   */
  TaskAnswer(
      TaskDownloads downloads,
      Sources sources,
      String ip,
      Challenges challenges,
      Exchange exchange,
      TaskAsk ask) {
    this.downloads = downloads;
    this.sources = sources;
    this.ip = ip;
    this.challenges = challenges;
    this.exchange = exchange;
    this.ask = ask;
  }

  /** Bytes of the content that were sent, by where they came from. */
  ByteCounts bytes() {
    ByteCounts all = ByteCounts.NONE;
    for (TaskStream stream : streams) {
      all = all.plus(stream.bytes());
    }
    return all;
  }

  /**
   * Answers. Until something was sent, whatever goes wrong with the download leaves the answer to
   * the origin.
   *
   * @return false when nothing was sent and the origin has to answer
   * @throws IOException when the client went away, or got a part of the answer only
   * @throws Refusal when the origin must not be asked
   */
  boolean answer() throws IOException, Refusal {
    exchange.countBy(this::bytes);
    Ranges ranges = Ranges.of(exchange.headers().get(HttpHeaderNames.RANGE));
    try {
      return answer(ranges);
    } catch (DownloadException e) {
      if (exchange.hasBegun()) {
        throw new IOException("the download failed: " + e.getMessage(), e);
      }
      return failed(e);
    }
  }

  /**
   * Answers a HEAD, by the first byte, with what is known of the content.
   *
   * @return false when nothing was sent, for nobody knows it or the client may not
   * @throws IOException when the client went away
   */
  boolean answerHead() throws IOException {
    exchange.countBy(this::bytes);
    ByteRange first = new ByteRange(0, 1);
    try (TaskStream stream = open(Optional.of(first.toHttp()))) {
      stream.first(first).release();
      stream.nothingToSend();
      long length = stream.started().content().length().orElseThrow();
      HttpHeaders headers = headers(stream, stream.held(ByteRange.whole(length)));
      headers.set(HttpHeaderNames.CONTENT_LENGTH, length);
      exchange.begin(HttpResponseStatus.OK, headers, OptionalLong.empty());
      exchange.end();
      return true;
    } catch (DownloadException e) {
      return false;
    }
  }

  private boolean failed(DownloadException failure) throws IOException, Refusal {
    boolean origins =
        failure.code() == Code.ORIGIN_REFUSED || failure.code() == Code.ORIGIN_UNAVAILABLE;
    if (origins && failure.originStatus().isPresent()) {
      if (failure.originStatus().getAsInt() == HttpResponseStatus.UNAUTHORIZED.code()) {
        failure
            .originHeaders()
            .forEach((name, value) -> {
              if (name.equalsIgnoreCase("www-authenticate")) {
                challenges.saw(List.of(value));
              }
            });
      }
      Answers.refuse(exchange, failure.originStatus().getAsInt(), failure.originHeaders());
      return true;
    }
    if (failure.code() == Code.FORBIDDEN) {
      throw new Refusal(
          HttpResponseStatus.FORBIDDEN,
          Refusal.Type.DFDAEMON,
          String.valueOf(failure.getMessage()));
    }
    if (ask.disableBackToSource()) {
      throw new Refusal(
          HttpResponseStatus.BAD_GATEWAY,
          Refusal.Type.DFDAEMON,
          String.valueOf(failure.getMessage()));
    }
    return false;
  }

  private boolean answer(Ranges ranges) throws DownloadException, IOException {
    try (TaskStream stream = open(ranges.header())) {
      ContentInfo content = stream.started().content();
      String condition = exchange.headers().get(HttpHeaderNames.IF_RANGE);
      if (!ranges.isWhole() && condition != null && !Ranges.holds(condition, content)) {
        return answer(Ranges.of(null));
      }
      long length = content.length().orElseThrow();
      List<ByteRange> parts = ranges.within(length);
      if (parts.size() > 1) {
        sendParts(stream, parts, length);
      } else if (!parts.isEmpty()) {
        sendPart(stream, parts.getFirst(), length);
      } else if (ranges.isWhole()) {
        sendWhole(stream, length);
      } else {
        return answer(Ranges.of(null));
      }
      if (exchange.takesTrailers()) {
        stream.settle();
        exchange.end(Answers.trailers(bytes()));
      } else {
        exchange.end();
      }
      return true;
    }
  }

  private TaskStream open(Optional<String> range) throws DownloadException, IOException {
    DownloadRequest request;
    try {
      TaskAsk whole = range.isPresent() ? ask.withoutDigest() : ask;
      request = downloads.request(whole.withRange(range));
    } catch (IllegalArgumentException e) {
      throw new DownloadException(Code.INVALID_REQUEST, String.valueOf(e.getMessage()));
    }
    TaskStream stream = TaskStream.open(downloads, sources, request, exchange);
    streams.add(stream);
    return stream;
  }

  private void sendWhole(TaskStream stream, long length) throws DownloadException, IOException {
    if (length == 0) {
      exchange.begin(HttpResponseStatus.OK, headers(stream, 0), OptionalLong.of(0));
      stream.nothingToSend();
      return;
    }
    ByteRange all = ByteRange.whole(length);
    ByteBuf first = stream.first(all);
    HttpHeaders headers = headers(stream, stream.started().cached());
    exchange.beginWithPart(HttpResponseStatus.OK, headers, length);
    stream.send(all, first);
  }

  private void sendPart(TaskStream stream, ByteRange part, long length)
      throws DownloadException, IOException {
    ByteBuf first = stream.first(part);
    HttpHeaders headers = headers(stream, stream.started().cached());
    headers.set(HttpHeaderNames.CONTENT_RANGE, contentRange(part, length));
    exchange.beginWithPart(HttpResponseStatus.PARTIAL_CONTENT, headers, part.length());
    stream.send(part, first);
  }

  /** As multipart/byteranges; each part but the first by a download of its own. */
  private void sendParts(TaskStream stream, List<ByteRange> parts, long length)
      throws DownloadException, IOException {
    String boundary = Long.toHexString(ThreadLocalRandom.current().nextLong()) + "dragonfly";
    HttpHeaders headers = headers(stream, stream.cached(parts));
    String type = headers.get(HttpHeaderNames.CONTENT_TYPE, "application/octet-stream");
    List<byte[]> heads = new ArrayList<>();
    byte[] tail = ("\r\n--" + boundary + "--\r\n").getBytes(US_ASCII);
    long total = tail.length;
    for (ByteRange part : parts) {
      String head =
          "\r\n--"
              + boundary
              + "\r\nContent-Type: "
              + type
              + "\r\nContent-Range: "
              + contentRange(part, length)
              + "\r\n\r\n";
      heads.add(head.getBytes(US_ASCII));
      total += heads.getLast().length + part.length();
    }
    ByteBuf first = stream.first(parts.getFirst());
    headers.set(HttpHeaderNames.CONTENT_TYPE, "multipart/byteranges; boundary=" + boundary);
    exchange.begin(HttpResponseStatus.PARTIAL_CONTENT, headers, OptionalLong.of(total));
    writeOrRelease(heads.getFirst(), first);
    stream.send(parts.getFirst(), first);
    String version = stream.started().content().version();
    for (int i = 1; i < parts.size(); i++) {
      exchange.write(Unpooled.wrappedBuffer(heads.get(i)));
      try (TaskStream next = open(Optional.of(parts.get(i).toHttp()))) {
        if (!next.started().content().version().equals(version)) {
          throw new IOException("the content changed between two parts of the answer");
        }
        next.send(parts.get(i));
      }
    }
    exchange.write(Unpooled.wrappedBuffer(tail));
  }

  private void writeOrRelease(byte[] head, ByteBuf next) throws IOException {
    boolean written = false;
    try {
      exchange.write(Unpooled.wrappedBuffer(head));
      written = true;
    } finally {
      if (!written) {
        next.release();
      }
    }
  }

  private static String contentRange(ByteRange part, long length) {
    return "bytes " + part.start() + "-" + (part.endExclusive() - 1) + "/" + length;
  }

  /** What the origin said of the content, and what we say of the task. */
  private HttpHeaders headers(TaskStream stream, long cached) {
    HttpHeaders headers = new DefaultHttpHeaders();
    stream.started().content().headers().forEach(headers::set);
    headers.remove(HttpHeaderNames.CONTENT_RANGE);
    headers.set(HttpHeaderNames.ACCEPT_RANGES, "bytes");
    headers.set(Answers.TASK_ID, stream.taskId());
    headers.set(Answers.SERVER_IP, ip);
    if (stream.started().fromCache()) {
      headers.set(Answers.FINISHED, "true");
    }
    headers.set(Answers.CACHED_BYTES, cached);
    if (exchange.takesTrailers()) {
      headers.set(HttpHeaderNames.TRAILER, Answers.BYTES);
    }
    return headers;
  }
}
