package io.dragonfly.daemon.source;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;

/**
 * An origin that says on the wire exactly what a test wants, lies and cut-offs included. Loopback
 * only; one virtual thread per connection.
 */
final class TestOrigin implements AutoCloseable {
  /** Answers one request. */
  interface Script {
    void answer(Request request, Wire wire) throws IOException;
  }

  /**
   * @param number counts all requests of this origin from 0
   * @param headers names in lower case
   */
  record Request(int number, String method, String target, Map<String, String> headers) {
    Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name));
    }
  }

  /** The server's end of a connection. */
  static final class Wire {
    private final Socket socket;
    private final OutputStream out;

    Wire(Socket socket) throws IOException {
      this.socket = socket;
      this.out = socket.getOutputStream();
    }

    /** Writes lines of a head, each ended properly, and the empty line. */
    void head(String... lines) throws IOException {
      StringBuilder text = new StringBuilder();
      for (String line : lines) {
        text.append(line).append("\r\n");
      }
      body(text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    void body(byte[] bytes) throws IOException {
      out.write(bytes);
      out.flush();
    }

    void body(String text) throws IOException {
      body(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Ends the connection properly. */
    void close() throws IOException {
      socket.close();
    }

    /** Ends the connection with a reset. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    /** Waits until the client has closed its end. */
    void awaitClientClose() {
      try {
        while (socket.getInputStream().read() >= 0) {
          // whatever it still sends
        }
      } catch (IOException _) {
        // reset: closed as well
      }
    }
  }

  private final ServerSocket server;
  private final String scheme;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final Thread acceptor;
  private volatile Script script;
  private volatile boolean stopped;

  private TestOrigin(ServerSocketFactory factory, String scheme, Script script) throws IOException {
    this.server = factory.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.scheme = scheme;
    this.script = script;
    this.acceptor = Thread.ofVirtual().start(this::accept);
  }

  static TestOrigin start(Script script) throws IOException {
    return new TestOrigin(ServerSocketFactory.getDefault(), "http", script);
  }

  static TestOrigin startTls(ServerSocketFactory factory, Script script) throws IOException {
    return new TestOrigin(factory, "https", script);
  }

  /** A well-behaved server of one content: ranges, If-Range, 416. */
  static Script serving(byte[] content, String... headers) {
    return (request, wire) -> serve(request, wire, content, headers);
  }

  static void serve(Request request, Wire wire, byte[] content, String... headers)
      throws IOException {
    String extra = String.join("\r\n", headers) + (headers.length == 0 ? "" : "\r\n");
    Optional<String> range = request.header("range");
    Optional<String> ifRange = request.header("if-range");
    boolean fresh = ifRange.isEmpty() || extra.contains(": " + ifRange.get() + "\r\n");
    if (range.isEmpty() || !fresh) {
      wire.body(
          "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\n"
              + extra
              + "Content-Length: "
              + content.length
              + "\r\n\r\n");
      wire.body(content);
      return;
    }
    String[] ends = range.get().substring("bytes=".length()).split("-", -1);
    int first = Integer.parseInt(ends[0]);
    if (first >= content.length) {
      wire.body(
          "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */"
              + content.length
              + "\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    int last = ends[1].isEmpty() ? content.length - 1 : Integer.parseInt(ends[1]);
    last = Math.min(last, content.length - 1);
    wire.body(
        "HTTP/1.1 206 Partial Content\r\n"
            + extra
            + "Content-Range: bytes "
            + first
            + "-"
            + last
            + "/"
            + content.length
            + "\r\nContent-Length: "
            + (last - first + 1)
            + "\r\n\r\n");
    byte[] part = new byte[last - first + 1];
    System.arraycopy(content, first, part, 0, part.length);
    wire.body(part);
  }

  void script(Script next) {
    script = next;
  }

  int port() {
    return server.getLocalPort();
  }

  String url(String target) {
    return url("127.0.0.1", target);
  }

  String url(String host, String target) {
    return scheme + "://" + host + ":" + port() + target;
  }

  List<Request> requests() {
    return List.copyOf(requests);
  }

  Request lastRequest() {
    return requests.getLast();
  }

  int connections() {
    return connections.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        if (stopped) {
          socket.close();
          return;
        }
        connections.incrementAndGet();
        sockets.add(socket);
        Thread.ofVirtual().start(() -> converse(socket));
      }
    } catch (IOException _) {
      // closed
    }
  }

  private void converse(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      Wire wire = new Wire(socket);
      while (!socket.isClosed()) {
        Optional<Request> request = read(in);
        if (request.isEmpty()) {
          return;
        }
        requests.add(request.get());
        script.answer(request.get(), wire);
      }
    } catch (IOException _) {
      // the client has gone, or the script closed the connection
    }
  }

  private Optional<Request> read(InputStream in) throws IOException {
    String start = line(in);
    if (start.isEmpty()) {
      return Optional.empty();
    }
    String[] words = start.split(" ", -1);
    Map<String, String> headers = new TreeMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        throw new IOException("not HTTP");
      }
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return Optional.of(new Request(requests.size(), words[0], words[1], headers));
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.write(c);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  /** Goes away in the middle of a test. */
  void stop() throws IOException {
    close();
  }

  @Override
  public void close() throws IOException {
    stopped = true;
    server.close();
    // The port takes connections until the thread that waits for one has noticed, and it takes one
    // more.
    try {
      acceptor.join(Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
