package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.MALFORMED_FRAMES;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Bytes that are no request, and frames that announce 4 GiB, at every door: they end their own
 * connection and nothing else, and no memory is allocated for what is only announced.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MalformedInputTest {
  private static final LabContent CONTENT = new LabContent(60, 5_000_001);
  private static final int AT_ONCE = 64;

  /** Far above what so many connections may cost, far below what a single one announces. */
  private static final long MOST_GROWTH = 200L << 20;

  private static final int HEADERS = 1;
  private static final int RESET = 3;
  private static final int SETTINGS = 4;
  private static final int GO_AWAY = 7;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  enum Door {
    PIECES,
    UPLOAD,
    LOCAL_GRPC,
    LOCAL_LINES,
    SCHEDULER
  }

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of(), List.of("a"));
  }

  @AfterAll
  void stop() throws IOException {
    readers.shutdownNow();
    bench.close();
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void whatIsNoRequestEndsItsConnectionAndNothingElse(Door door) throws Exception {
    Program program = bench.cluster.program(door == Door.SCHEDULER ? "scheduler" : "a");
    var caches = bench.caches();
    for (byte[] request : requests(door)) { // loads what has to be loaded once
      send(door, request, 1);
    }
    long before = program.residentBytes();
    for (byte[] request : requests(door)) {
      send(door, request, AT_ONCE);
    }
    assertThat(program.residentBytes() - before).as("growth in bytes").isLessThan(MOST_GROWTH);
    assertThat(program.isAlive()).isTrue();
    assertThat(program.output()).doesNotContain("OutOfMemoryError", "NegativeArraySize");
    bench.cachesReturnTo(caches);
    bench.returnsToBase();
    String path = "/after-" + door.name().toLowerCase(Locale.ROOT);
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.run(MALFORMED_FRAMES, "a", origin.url(path)).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    }
  }

  private static List<byte[]> requests(Door door) throws IOException {
    byte[] noise = new byte[4096];
    new Random(7).nextBytes(noise);
    noise[0] = 1;
    return switch (door) {
      case PIECES -> pieceRequests(noise);
      case UPLOAD -> callRequests("/dfdaemon.v2.DfdaemonUpload/StatTask", noise);
      case LOCAL_GRPC -> callRequests("/dfdaemon.v2.DfdaemonDownload/StatTask", noise);
      case SCHEDULER -> callRequests("/scheduler.v2.Scheduler/StatTask", noise);
      case LOCAL_LINES -> {
        noise[0] = 'D';
        yield List.of(
            noise,
            ("DRAGONFLY/1 DOWNLOAD\nurl: " + "x".repeat(1 << 20)).getBytes(US_ASCII),
            "DRAGONFLY/1 DOWNLOAD\n\n".getBytes(US_ASCII),
            "DRAGONFLY/2 ANYTHING\nlength: 4294967295\n\n".getBytes(US_ASCII),
            "DRAGONFLY/1 DOWNLOAD\nurl: http://127.0.0.1:1/\npiece-length: -1\n\n"
                .getBytes(US_ASCII));
      }
    };
  }

  private static List<byte[]> pieceRequests(byte[] noise) {
    List<byte[]> requests = new ArrayList<>();
    for (int tag : new int[] {0, 1, 2, 4, 64, 65, 99, 254, 255}) {
      requests.add(ByteBuffer.allocate(8).put((byte) 1).put((byte) tag).putInt(-1).array());
    }
    requests.add(ByteBuffer.allocate(16).put(new byte[] {1, 0, 0, 0, 0, 10}).array());
    requests.add(noise);
    return requests;
  }

  private static List<byte[]> callRequests(String path, byte[] noise) throws IOException {
    List<byte[]> requests = new ArrayList<>();
    byte[] begin = begin(path);
    // A message of 4 GiB less one byte, inside a small frame.
    requests.add(with(begin, frame(0, 0, new byte[] {0, -1, -1, -1, -1, 65}, 6)));
    // A frame of 16 MiB less one byte, the most that HTTP/2 can announce.
    requests.add(with(begin, frame(0, 0, new byte[] {65, 66}, 0xFF_FFFF)));
    // Headers that are no HPACK, and a frame of a stream that was never opened.
    requests.add(
        with(begin(null), frame(HEADERS, END_HEADERS, new byte[] {-1, -1, -1, -1, -1}, 5)));
    requests.add(with(begin(null), frame(0, 0, new byte[] {1}, 1)));
    requests.add("PRI * HTTP/9.9\r\n\r\nXX\r\n\r\n".getBytes(US_ASCII));
    requests.add(noise);
    return requests;
  }

  /** The preface, our settings and, with a path, the headers of a call on stream 1. */
  private static byte[] begin(@Nullable String path) throws IOException {
    byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);
    byte[] settings = {0, 0, 0, SETTINGS, 0, 0, 0, 0, 0};
    byte[] both = with(preface, settings);
    if (path == null) {
      return both;
    }
    ByteArrayOutputStream headers = new ByteArrayOutputStream();
    for (String[] header :
        List.of(
            new String[] {":method", "POST"},
            new String[] {":scheme", "http"},
            new String[] {":path", path},
            new String[] {":authority", "localhost"},
            new String[] {"content-type", "application/grpc"},
            new String[] {"te", "trailers"})) {
      headers.write(0); // a literal that is not indexed
      for (String text : header) {
        headers.write(text.length());
        headers.write(text.getBytes(US_ASCII));
      }
    }
    byte[] block = headers.toByteArray();
    return with(both, frame(HEADERS, END_HEADERS, block, block.length));
  }

  private static byte[] frame(int type, int flags, byte[] payload, int announced) {
    return ByteBuffer.allocate(9 + payload.length)
        .put((byte) (announced >> 16))
        .putShort((short) announced)
        .put((byte) type)
        .put((byte) flags)
        .putInt(1)
        .put(payload)
        .array();
  }

  private static byte[] with(byte[] first, byte[] second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }

  /** Sends it on so many connections, which all are open until each has had its answer. */
  private void send(Door door, byte[] request, int connections) throws Exception {
    List<SocketChannel> open = new ArrayList<>();
    try {
      List<CompletableFuture<Void>> ends = new ArrayList<>();
      for (int i = 0; i < connections; i++) {
        SocketChannel channel = SocketChannel.open(address(door));
        open.add(channel);
        ends.add(CompletableFuture.runAsync(() -> exchange(door, channel, request), readers));
      }
      CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
          .get(MALFORMED_FRAMES.limit().toSeconds(), TimeUnit.SECONDS);
    } finally {
      for (SocketChannel channel : open) {
        channel.close();
      }
    }
  }

  private SocketAddress address(Door door) throws IOException {
    return switch (door) {
      case PIECES -> loopback(bench.cluster.port("a.tcp"));
      case UPLOAD -> loopback(bench.cluster.port("a.upload"));
      case SCHEDULER -> loopback(bench.cluster.schedulerPort());
      case LOCAL_GRPC, LOCAL_LINES -> UnixDomainSocketAddress.of(bench.cluster.socket("a"));
    };
  }

  private static SocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Returns when the other end has refused the request, or has gone. */
  private static void exchange(Door door, SocketChannel channel, byte[] request) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(request);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      switch (door) {
        case PIECES, LOCAL_LINES -> assertThat(readToEnd(channel)).isLessThan(2048);
        case UPLOAD, LOCAL_GRPC, SCHEDULER -> readToRefusal(channel);
      }
    } catch (IOException e) {
      // A reset is an end as well.
    }
  }

  private static int readToEnd(SocketChannel channel) throws IOException {
    if (channel.getRemoteAddress() instanceof UnixDomainSocketAddress) {
      channel.shutdownOutput();
    }
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    int all = 0;
    for (int read = 0; read >= 0; read = channel.read(buffer.clear())) {
      all += read;
    }
    return all;
  }

  /** Reads HTTP/2 frames up to trailers, a reset, a goodbye or the end. */
  private static void readToRefusal(SocketChannel channel) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(9);
    while (readFully(channel, head.clear())) {
      int length = ((head.get(0) & 0xFF) << 16) | (head.getShort(1) & 0xFFFF);
      int type = head.get(3);
      boolean last = type == HEADERS && (head.get(4) & END_STREAM) != 0;
      if (last || type == RESET || type == GO_AWAY) {
        return;
      }
      assertThat(length).isLessThanOrEqualTo(1 << 16);
      if (!readFully(channel, ByteBuffer.allocate(length))) {
        return;
      }
    }
  }

  private static boolean readFully(SocketChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        return false;
      }
    }
    return true;
  }
}
