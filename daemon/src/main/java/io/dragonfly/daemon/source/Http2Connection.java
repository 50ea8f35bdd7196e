package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpConnection;
import org.apache.hc.core5.http2.frame.FrameType;
import org.apache.hc.core5.http2.frame.RawFrame;
import org.apache.hc.core5.http2.impl.nio.H2StreamListener;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.reactor.Command;
import org.apache.hc.core5.reactor.IOSession;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * One connection to an origin, shared by its streams. One that the origin wants to end (GOAWAY), or
 * that fell silent, takes no further requests and is closed after its last stream. Safe for use by
 * many threads.
 */
final class Http2Connection implements H2StreamListener {
  private static final Timeout CLOSE_AFTER_IDLE = Timeout.ofSeconds(60);

  @GuardedBy("this")
  private @Nullable IOSession session;

  @GuardedBy("this")
  private int streams;

  @GuardedBy("this")
  private boolean used;

  @GuardedBy("this")
  private boolean draining;

  /** The connection is there. */
  synchronized void opened(IOSession open) {
    session = open;
    open.setSocketTimeout(CLOSE_AFTER_IDLE);
  }

  /** Whether a stream more may be put on it. */
  enum Place {
    NONE,
    FIRST,
    LATER
  }

  /** A place for one more stream, unless the connection ends. */
  synchronized Place enter() {
    if (draining || session == null || !session.isOpen()) {
      return Place.NONE;
    }
    if (streams++ == 0) {
      // A stream that waits for its reader is silent for as long as that takes.
      session.setSocketTimeout(Timeout.DISABLED);
    }
    Place place = used ? Place.LATER : Place.FIRST;
    used = true;
    return place;
  }

  /** Sends a request that has its place. */
  void send(Http2Exchange exchange) {
    IOSession open;
    synchronized (this) {
      open = session;
    }
    if (open == null || !open.isOpen()) {
      exchange.cancel();
      return;
    }
    open.enqueue(exchange.command(), Command.Priority.NORMAL);
    if (!open.isOpen()) {
      exchange.cancel();
    }
  }

  /** A stream is over. */
  void leave() {
    IOSession last = null;
    synchronized (this) {
      streams--;
      if (streams == 0 && session != null) {
        session.setSocketTimeout(CLOSE_AFTER_IDLE);
        last = draining ? session : null;
      }
    }
    if (last != null) {
      last.close(CloseMode.GRACEFUL);
    }
  }

  /** No more requests; those under way come to their end. */
  void drain() {
    IOSession last;
    synchronized (this) {
      draining = true;
      last = streams == 0 ? session : null;
    }
    if (last != null) {
      last.close(CloseMode.GRACEFUL);
    }
  }

  synchronized boolean isOpen() {
    return session != null && session.isOpen();
  }

  /** With all its streams. */
  void close() {
    IOSession open;
    synchronized (this) {
      draining = true;
      open = session;
    }
    if (open != null) {
      open.close(CloseMode.IMMEDIATE);
    }
  }

  @Override
  public void onFrameInput(HttpConnection connection, int streamId, RawFrame frame) {
    if (frame.getType() == FrameType.GOAWAY.getValue()) {
      synchronized (this) {
        draining = true;
      }
    }
  }

  @Override
  public void onHeaderInput(
      HttpConnection connection, int streamId, List<? extends Header> headers) {}

  @Override
  public void onHeaderOutput(
      HttpConnection connection, int streamId, List<? extends Header> headers) {}

  @Override
  public void onFrameOutput(HttpConnection connection, int streamId, RawFrame frame) {}

  @Override
  public void onInputFlowControl(
      HttpConnection connection, int streamId, int delta, int actualSize) {}

  @Override
  public void onOutputFlowControl(
      HttpConnection connection, int streamId, int delta, int actualSize) {}
}
