package io.dragonfly.lab.origin;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLServerSocketFactory;

/**
 * An HTTP/1.1 origin, on a free port of 127.0.0.1 unless it is given a socket. Every path has the
 * same content. The content and the behaviour may be changed at any time; a body that is under way
 * goes on with the old ones.
 */
public final class LabOrigin implements AutoCloseable {
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");
  private static final int CHUNK = 64 * 1024;
  private static final int BACKLOG = 1024;

  private record State(LabContent content, Behaviour behaviour) {}

  /** One request: its path and headers (names in lower case). */
  public record Request(String path, Map<String, String> headers) {}

  private final String scheme;
  private final ServerSocket socket;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private final AtomicLong bytesSent = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile State state;

  /** Starts to serve. */
  public static LabOrigin start(LabContent content, Behaviour behaviour) throws IOException {
    return serve(onLoopback(ServerSocketFactory.getDefault()), content, behaviour);
  }

  /**
   * Serves on a socket that listens already, on whichever host that is; it is closed in the end.
   */
  public static LabOrigin serve(ServerSocket socket, LabContent content, Behaviour behaviour) {
    return new LabOrigin(content, behaviour, "http", socket);
  }

  /** Starts to serve over TLS, with what the sockets of {@code tls} show. */
  public static LabOrigin startTls(
      LabContent content, Behaviour behaviour, SSLServerSocketFactory tls) throws IOException {
    return new LabOrigin(content, behaviour, "https", onLoopback(tls));
  }

  private static ServerSocket onLoopback(ServerSocketFactory sockets) throws IOException {
    return sockets.createServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
  }

  private LabOrigin(LabContent content, Behaviour behaviour, String scheme, ServerSocket socket) {
    state = new State(content, behaviour);
    this.scheme = scheme;
    this.socket = socket;
    threads.execute(this::accept);
  }

  /** From now on this is what it serves, and how. */
  public void become(LabContent content, Behaviour behaviour) {
    state = new State(content, behaviour);
    refused.set(0);
  }

  /** The URL of a path such as {@code /file.bin}. */
  public String url(String path) {
    return scheme + "://" + address() + ":" + socket.getLocalPort() + path;
  }

  private String address() {
    return socket.getInetAddress().getHostAddress();
  }

  /** Bytes of bodies handed to the kernel so far. */
  public long bytesSent() {
    return bytesSent.get();
  }

  /** All requests so far. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Connections that are open now. */
  public int connections() {
    return connections.size();
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        connections.add(connection);
        threads.execute(() -> serve(connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket connection) {
    try (connection;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
        OutputStream out = new BufferedOutputStream(connection.getOutputStream(), CHUNK)) {
      connection.setTcpNoDelay(true);
      String line = in.readLine();
      while (line != null) {
        Request request = read(line, in);
        requests.add(request);
        if (!answer(request, line.startsWith("HEAD "), out)) {
          return;
        }
        out.flush();
        line = in.readLine();
      }
    } catch (IOException e) {
      // The client went away.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      connections.remove(connection);
    }
  }

  private static Request read(String requestLine, BufferedReader in) throws IOException {
    Map<String, String> headers = new TreeMap<>();
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int start = requestLine.indexOf(' ') + 1;
    return new Request(requestLine.substring(start, requestLine.indexOf(' ', start)), headers);
  }

  /** Answers one request; false when the connection must be closed. */
  private boolean answer(Request request, boolean head, OutputStream out)
      throws IOException, InterruptedException {
    LabContent content = state.content();
    Behaviour behaviour = state.behaviour();
    if (behaviour.redirectTo().isPresent()) {
      String location =
          behaviour.redirectTo().get().replace("{n}", Integer.toString(requests.size()));
      return status(302, "Location: " + location + "\r\n", out);
    }
    Optional<String> wanted = behaviour.authorization();
    if (wanted.isPresent() && !wanted.get().equals(request.headers().get("authorization"))) {
      return status(401, "WWW-Authenticate: Bearer realm=\"lab\"\r\n", out);
    }
    if (behaviour.status().isPresent() && refused.getAndIncrement() < behaviour.refusals()) {
      return status(behaviour.status().get(), "", out);
    }
    Optional<long[]> range = range(request, content, behaviour);
    if (range.isPresent() && range.get()[0] >= content.length()) {
      return status(416, "Content-Range: bytes */" + content.length() + "\r\n", out);
    }
    long start = range.map(bounds -> bounds[0]).orElse(0L);
    long end = range.map(bounds -> bounds[1]).orElse(content.length());
    StringBuilder head1 =
        new StringBuilder(
            range.isPresent() ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n");
    head1.append("Content-Type: application/octet-stream\r\n");
    behaviour.etag().ifPresent(etag -> head1.append("ETag: ").append(etag).append("\r\n"));
    if (range.isPresent()) {
      head1.append("Content-Range: bytes %d-%d/%d\r\n".formatted(start, end - 1, content.length()));
    }
    boolean chunked = !behaviour.announcesLength();
    head1.append(
        chunked
            ? "Transfer-Encoding: chunked\r\n\r\n"
            : "Content-Length: " + (end - start + behaviour.extraLength()) + "\r\n\r\n");
    out.write(head1.toString().getBytes(StandardCharsets.ISO_8859_1));
    return head || body(content, behaviour, start, end, chunked, out);
  }

  private static Optional<long[]> range(Request request, LabContent content, Behaviour behaviour) {
    String header = request.headers().get("range");
    String condition = request.headers().get("if-range");
    boolean current = condition == null || behaviour.etag().filter(condition::equals).isPresent();
    if (header == null || !behaviour.ranges() || !current) {
      return Optional.empty();
    }
    Matcher matcher = RANGE.matcher(header);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long last =
        matcher.group(2).isEmpty() ? content.length() - 1 : Long.parseLong(matcher.group(2));
    return Optional.of(
        new long[] {Long.parseLong(matcher.group(1)), Math.min(last + 1, content.length())});
  }

  private boolean body(
      LabContent content,
      Behaviour behaviour,
      long start,
      long end,
      boolean chunked,
      OutputStream out)
      throws IOException, InterruptedException {
    byte[] chunk = new byte[CHUNK];
    long began = System.nanoTime();
    for (long at = start; at < end; ) {
      long sent = at - start;
      if (sent >= behaviour.stallAfter()) {
        out.flush();
        Thread.sleep(Long.MAX_VALUE);
      }
      if (sent >= behaviour.closeAfter()) {
        return false;
      }
      int part =
          (int)
              Math.min(
                  Math.min(CHUNK, end - at),
                  Math.min(behaviour.stallAfter() - sent, behaviour.closeAfter() - sent));
      content.read(at, chunk, part);
      if (chunked) {
        out.write((Integer.toHexString(part) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      }
      out.write(chunk, 0, part);
      if (chunked) {
        out.write("\r\n".getBytes(StandardCharsets.ISO_8859_1));
      }
      bytesSent.addAndGet(part);
      at += part;
      pace(behaviour, at - start, began, out);
    }
    if (chunked) {
      out.write("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
    }
    return behaviour.extraLength() == 0;
  }

  private static void pace(Behaviour behaviour, long sent, long began, OutputStream out)
      throws IOException, InterruptedException {
    if (behaviour.bytesPerSecond() == Long.MAX_VALUE) {
      return;
    }
    long dueNanos = (long) (sent * 1e9 / behaviour.bytesPerSecond());
    long waitMillis = (dueNanos - (System.nanoTime() - began)) / 1_000_000;
    if (waitMillis > 0) {
      out.flush();
      Thread.sleep(waitMillis);
    }
  }

  private boolean status(int code, String headers, OutputStream out) throws IOException {
    String text = "HTTP/1.1 " + code + " Test\r\n" + headers + "Content-Length: 0\r\n\r\n";
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    return true;
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket connection : connections) {
      connection.close();
    }
    threads.shutdownNow();
  }
}
