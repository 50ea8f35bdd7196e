package io.dragonfly.daemon.transfer;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One child's connection. It has one owner at a time: the selector thread while it waits (for a
 * request, for room in the socket, for its turn under the rate limit, for bytes to relay, for the
 * child to read an error before the end), a sending thread while it is being served. Ownership
 * passes through the queue of the sending threads and the selector's inbox, which also make the
 * fields visible.
 *
 * <pre>
 * READING -> SERVING                     a request is whole
 * SERVING -> READING                     its answer is sent
 *         -> BLOCKED | THROTTLED         the socket is full | the rate limit says wait; then SERVING
 *         -> AWAITING                    the piece's next block has not come in; then SERVING
 *         -> DRAINING                    an error that ends the connection is sent
 *         -> CLOSED
 * </pre>
 */
final class PieceConnection {
  enum State {
    READING,
    SERVING,
    BLOCKED,
    THROTTLED,
    AWAITING,
    DRAINING,
    CLOSED
  }

  private static final int MAX_DRAINED_BYTES = 64 * 1024;

  private final SocketChannel channel;
  private final InetAddress child;
  private final ByteBuffer in = ByteBuffer.allocate(PieceProtocol.MAX_REQUEST_BYTES).limit(0);
  private @Nullable SelectionKey key;
  private State state = State.READING;
  private PieceProtocol.@Nullable Request request;
  private @Nullable PieceAnswer answer;

  /** Set by the sending thread for the selector thread, which makes it the state. */
  private State outcome = State.CLOSED;

  /** Bytes that may be sent before the rate limit is asked again. */
  private long allowance;

  /** When the selector thread acts by itself: closes, or goes on. */
  private long deadline;

  /** Whether the deadline is one for the child to take bytes, and those taken since it was set. */
  private boolean stallWatched;

  private long progress;
  private boolean served;
  private boolean counted;
  private int drained;

  /**
   * @param child whose it is
   */
  PieceConnection(SocketChannel channel, InetAddress child) {
    this.channel = channel;
    this.child = child;
  }

  InetAddress child() {
    return child;
  }

  /** Whether it was counted among its child's; says what it is from now on. */
  boolean counted(boolean now) {
    boolean before = counted;
    counted = now;
    return before;
  }

  SocketChannel channel() {
    return channel;
  }

  State state() {
    return state;
  }

  void state(State next) {
    state = next;
  }

  State outcome() {
    return outcome;
  }

  void outcome(State next) {
    outcome = next;
  }

  /** Whether the selector thread owns it and the deadline counts. */
  boolean isWaiting() {
    return state != State.SERVING && state != State.CLOSED;
  }

  /** Whether it is one of ours that got its answers and is only kept for the next request. */
  boolean isKept() {
    return state == State.READING && served && !isMidRequest();
  }

  long deadline() {
    return deadline;
  }

  void deadline(long nanoTime) {
    deadline = nanoTime;
    stallWatched = false;
  }

  /** The child has until then, unless it took enough bytes since this was last set. */
  void stallDeadline(long nanoTime, long enoughBytes) {
    if (!stallWatched || progress >= enoughBytes) {
      deadline = nanoTime;
      stallWatched = true;
      progress = 0;
    }
  }

  void addProgress(long bytes) {
    progress += bytes;
  }

  long allowance() {
    return allowance;
  }

  void allowance(long bytes) {
    allowance = bytes;
  }

  void register(SelectionKey registered) {
    key = registered;
  }

  void interest(int operations) {
    SelectionKey registered = key;
    if (registered != null && registered.isValid()) {
      registered.interestOps(operations);
    }
  }

  /** Whether a request has begun but isn't whole. */
  boolean isMidRequest() {
    return in.hasRemaining();
  }

  /**
   * Reads what is there.
   *
   * @return false when the child ended the connection
   */
  boolean read() throws IOException {
    in.compact();
    try {
      return channel.read(in) >= 0;
    } finally {
      in.flip();
    }
  }

  /** Reads and forgets; false at the end or when it was enough. */
  boolean drain() throws IOException {
    in.clear();
    int count = channel.read(in);
    in.limit(0);
    drained += Math.max(count, 0);
    return count >= 0 && drained < MAX_DRAINED_BYTES;
  }

  /** Whether another request is whole; it is then the next to be served. */
  boolean nextRequest() {
    Optional<PieceProtocol.Request> next = PieceProtocol.decodeRequest(in);
    request = next.orElse(null);
    return next.isPresent();
  }

  Optional<PieceProtocol.Request> request() {
    return Optional.ofNullable(request);
  }

  Optional<PieceAnswer> answer() {
    return Optional.ofNullable(answer);
  }

  void answer(PieceAnswer next) {
    request = null;
    answer = next;
  }

  void answered() {
    served = true;
    stallWatched = false;
    closeAnswer();
  }

  /** Ends the connection; as a reset when an answer is under way. */
  void close() {
    boolean midway = answer != null && !answer.isSent();
    if (midway) {
      PieceSockets.abort(channel);
    } else {
      PieceSockets.close(channel);
    }
    closeAnswer();
  }

  private void closeAnswer() {
    PieceAnswer ending = answer;
    answer = null;
    if (ending != null) {
      ending.close();
    }
  }
}
