package io.dragonfly.daemon.source;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hc.core5.concurrent.ComplexCancellable;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.RequestNotExecutedException;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.apache.hc.core5.http.nio.AsyncClientExchangeHandler;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.apache.hc.core5.http.nio.DataStreamChannel;
import org.apache.hc.core5.http.nio.RequestChannel;
import org.apache.hc.core5.http.nio.command.RequestExecutionCommand;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.http.protocol.HttpCoreContext;
import org.apache.hc.core5.reactor.Command;
import org.jspecify.annotations.Nullable;

/** One stream: a request without a body, and its answer. Called by its connection's thread. */
final class Http2Exchange implements AsyncClientExchangeHandler {
  private final HttpRequest request;
  private final Http2Body body;
  private final Runnable over;
  private final CompletableFuture<ClassicHttpResponse> head = new CompletableFuture<>();
  private final ComplexCancellable stream = new ComplexCancellable();
  private final AtomicBoolean finished = new AtomicBoolean();

  /**
   * @param over is called once, when the stream is no more
   */
  Http2Exchange(HttpRequest request, Http2Body body, Runnable over) {
    this.request = request;
    this.body = body;
    this.over = over;
  }

  /** The head of the answer, its body being read; or why there is none. */
  CompletableFuture<ClassicHttpResponse> head() {
    return head;
  }

  /** To be put into the queue of a connection. */
  Command command() {
    return new RequestExecutionCommand(this, null, stream, HttpCoreContext.create());
  }

  /** Nobody wants the answer any more. */
  void giveUp() {
    head.completeExceptionally(new InterruptedIOException("the request was given up"));
    stream.cancel();
    body.close();
    finish();
  }

  @Override
  public void produceRequest(RequestChannel channel, HttpContext context)
      throws HttpException, IOException {
    channel.sendRequest(request, null, context);
  }

  @Override
  public void consumeInformation(HttpResponse response, HttpContext context) {
    // The final answer follows.
  }

  @Override
  public void consumeResponse(
      HttpResponse response, @Nullable EntityDetails entity, HttpContext context) {
    ClassicHttpResponse answer = new BasicClassicHttpResponse(response.getCode());
    for (Header header : response.getHeaders()) {
      answer.addHeader(header);
    }
    if (entity == null) {
      body.end();
      finish();
    } else {
      answer.setEntity(new InputStreamEntity(body, length(response), (ContentType) null));
    }
    head.complete(answer);
  }

  private static long length(HttpResponse response) {
    Header length = response.getFirstHeader("content-length");
    return length == null ? -1 : ContentRange.number(length.getValue().strip()).orElse(-1);
  }

  @Override
  public void updateCapacity(CapacityChannel channel) {
    body.channel(channel);
  }

  @Override
  public void consume(ByteBuffer bytes) {
    body.receive(bytes);
  }

  @Override
  public void streamEnd(@Nullable List<? extends Header> trailers) {
    body.end();
    finish();
  }

  @Override
  public int available() {
    return 0;
  }

  @Override
  public void produce(DataStreamChannel channel) {
    // There is no body to send.
  }

  @Override
  public void failed(Exception cause) {
    IOException failure = cause instanceof IOException io ? io : new IOException(cause);
    head.completeExceptionally(failure);
    body.fail(failure);
    finish();
  }

  @Override
  public void releaseResources() {
    failed(new IOException("the stream was closed"));
  }

  /** The connection closes with the request in its queue. */
  @Override
  public void cancel() {
    failed(new RequestNotExecutedException());
  }

  private void finish() {
    if (finished.compareAndSet(false, true)) {
      over.run();
    }
  }
}
