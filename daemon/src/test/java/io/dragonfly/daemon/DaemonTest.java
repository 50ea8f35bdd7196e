package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.Range;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.dfdaemon.v2.DeleteLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadCacheTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.ListLocalTasksRequest;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskResponse;
import io.dragonfly.api.dfdaemon.v2.SyncHostRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One daemon without a scheduler: everything that users and peers see of it. */
class DaemonTest {
  private static final int PIECE = 4 << 20;
  private static final int LENGTH = 2 * PIECE + 12345;

  @TempDir Path dir;
  private final EventLoops loops = new EventLoops("test", 1);
  private final RpcChannels channels = RpcChannels.plaintext(loops);
  private WholeOrigin origin;
  private Daemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new WholeOrigin(LENGTH);
    daemon = daemon("one");
    daemon.start();
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
    channels.close();
    loops.close();
  }

  static DaemonConfig config(Path dir, String name) throws Exception {
    return LoopbackConfig.of(dir, name, "dynconfig: {refreshInterval: 1s}");
  }

  private Daemon daemon(String name) throws Exception {
    return new Daemon(config(dir, name), dir.resolve("dynconfig.yaml"));
  }

  private DfdaemonDownloadGrpc.DfdaemonDownloadBlockingStub users() {
    return DfdaemonDownloadGrpc.newBlockingStub(channels.channel(daemon.socketPath()))
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private DfdaemonUploadGrpc.DfdaemonUploadBlockingStub peers() {
    return DfdaemonUploadGrpc.newBlockingStub(
            channels.channel(new HostPort("127.0.0.1", daemon.uploadPort())))
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private DownloadTaskRequest request(Download.Builder download) {
    return DownloadTaskRequest.newBuilder().setDownload(download).build();
  }

  private Download.Builder file() {
    return Download.newBuilder().setUrl(origin.url());
  }

  private static List<DownloadTaskResponse> all(Iterator<DownloadTaskResponse> answers) {
    List<DownloadTaskResponse> all = new ArrayList<>();
    answers.forEachRemaining(all::add);
    return all;
  }

  private String line(String request) throws IOException {
    return new String(lineBytes(request), UTF_8);
  }

  private byte[] lineBytes(String request) throws IOException {
    try (SocketChannel client =
        SocketChannel.open(UnixDomainSocketAddress.of(daemon.socketPath()))) {
      client.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      while (client.read(buffer) >= 0) {
        out.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      }
      return out.toByteArray();
    }
  }

  @Test
  void aFileIsWrittenForAUserOfTheLineProtocolAndComesFromTheCacheTheSecondTime() throws Exception {
    Path one = dir.resolve("out 1");
    String answer =
        line("DRAGONFLY/1 DOWNLOAD\nurl: " + origin.url() + "\noutput: " + one + "\n\n");
    assertThat(answer).contains("\ndone bytes=" + LENGTH + " millis=");
    assertThat(answer).contains("origin=" + LENGTH + "\n");
    assertThat(answer).startsWith("started task=").contains(" length=" + LENGTH);
    assertThat(Files.readAllBytes(one)).isEqualTo(origin.content());

    Path two = dir.resolve("out2");
    assertThat(line("DRAGONFLY/1 DOWNLOAD\nurl: " + origin.url() + "\noutput: " + two + "\n\n"))
        .contains(" cache=" + LENGTH + " peers=0 seed=0 origin=0\n");
    assertThat(Files.readAllBytes(two)).isEqualTo(origin.content());
    assertThat(origin.served.get()).isEqualTo(LENGTH);
    assertThat(daemon.traffic()).isEqualTo(new Daemon.Traffic(LENGTH, 0, 0, LENGTH));
  }

  @Test
  void contentIsStreamedInOrder() throws Exception {
    byte[] answer = lineBytes("DRAGONFLY/1 DOWNLOAD\nurl: " + origin.url() + "\n\n");
    byte[] content = new byte[LENGTH];
    int received = 0;
    String last = "";
    for (int at = 0; at < answer.length; ) {
      int end = at;
      while (answer[end] != '\n') {
        end++;
      }
      last = new String(answer, at, end - at, UTF_8);
      at = end + 1;
      if (last.startsWith("content ")) {
        assertThat(last).startsWith("content offset=" + received + " length=");
        int length = Integer.parseInt(last.substring(last.lastIndexOf('=') + 1));
        System.arraycopy(answer, at, content, received, length);
        received += length;
        at += length;
      }
    }
    assertThat(received).isEqualTo(LENGTH);
    assertThat(content).isEqualTo(origin.content());
    assertThat(last).startsWith("done bytes=" + LENGTH);
  }

  @Test
  void upstreamsDfgetHearsWhatItWaitsFor() throws Exception {
    Path out = dir.resolve("out");
    List<DownloadTaskResponse> answers =
        all(users().downloadTask(request(file().setOutputPath(out.toString()))));
    var started = answers.getFirst().getDownloadTaskStartedResponse();
    assertThat(answers.getFirst().getHostId()).isEqualTo("127.0.0.1-one");
    assertThat(started.getContentLength()).isEqualTo(LENGTH);
    assertThat(started.getIsFinished()).isFalse();
    assertThat(started.getPiecesList()).extracting(Piece::getNumber).containsExactly(0, 1, 2);
    List<Piece> pieces =
        answers.stream()
            .skip(1)
            .map(answer -> answer.getDownloadPieceFinishedResponse().getPiece())
            .toList();
    assertThat(pieces).extracting(Piece::getNumber).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(pieces)
        .allSatisfy(piece -> {
          assertThat(piece.getTrafficType()).isEqualTo(TrafficType.BACK_TO_SOURCE);
          assertThat(piece.getDigest()).startsWith("crc32:");
          assertThat(piece.hasContent()).isFalse();
        });
    assertThat(Files.readAllBytes(out)).isEqualTo(origin.content());
  }

  @Test
  void aClientThatAsksForContentGetsItInsideTheAnswers() {
    byte[] content = new byte[LENGTH];
    users()
        .withMaxInboundMessageSize(2 * PIECE)
        .downloadTask(request(file().setNeedPieceContent(true)))
        .forEachRemaining(answer -> {
          if (answer.hasDownloadPieceFinishedResponse()) {
            Piece piece = answer.getDownloadPieceFinishedResponse().getPiece();
            piece.getContent().copyTo(content, (int) piece.getOffset());
          }
        });
    assertThat(content).isEqualTo(origin.content());
  }

  @Test
  void aRangeWritesOnlyThatPart() throws Exception {
    Path out = dir.resolve("part");
    List<DownloadTaskResponse> answers =
        all(
            users()
                .downloadTask(
                    request(
                        file()
                            .setOutputPath(out.toString())
                            .setRange(Range.newBuilder().setStart(PIECE - 10).setLength(20)))));
    var started = answers.getFirst().getDownloadTaskStartedResponse();
    assertThat(started.getContentLength()).isEqualTo(LENGTH);
    assertThat(started.getRange().getStart()).isEqualTo(PIECE - 10);
    assertThat(started.getPiecesList()).extracting(Piece::getNumber).containsExactly(0, 1);
    assertThat(Files.readAllBytes(out))
        .isEqualTo(Arrays.copyOfRange(origin.content(), PIECE - 10, PIECE + 10));
  }

  @Test
  void theOriginsRefusalReachesUpstreamsDfget() {
    origin.status = 404;
    Path out = dir.resolve("out");
    StatusRuntimeException refusal =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> all(users().downloadTask(request(file().setOutputPath(out.toString())))));
    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
    Metadata trailers = refusal.getTrailers();
    assertThat(trailers).isNotNull();
    byte[] details =
        trailers == null
            ? null
            : trailers.get(
                Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER));
    assertThat(details).asString(UTF_8).contains("\"status_code\":404").contains("\"message\":");
    assertThat(out).doesNotExist();
  }

  @Test
  void anOutputPathThatComesByTheNetworkIsRefused() {
    Path out = dir.resolve("out");
    assertThatThrownBy(
            () -> all(peers().downloadTask(request(file().setOutputPath(out.toString())))))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("PERMISSION_DENIED")
        .hasMessageContaining("allowOutputPath");
    assertThat(out).doesNotExist();
    assertThat(origin.served.get()).isZero();
  }

  @Test
  void tasksCanBeLookedAtAndDeleted() {
    String task = all(peers().downloadTask(request(file()))).getFirst().getTaskId();

    StatLocalTaskResponse stat =
        users().statLocalTask(StatLocalTaskRequest.newBuilder().setTaskId(task).build());
    assertThat(stat.getContentLength()).isEqualTo(LENGTH);
    assertThat(stat.getPieceLength()).isEqualTo(PIECE);
    assertThat(stat.hasFinishedAt()).isTrue();
    assertThat(stat.hasFailedAt()).isFalse();
    assertThat(users().listLocalTasks(ListLocalTasksRequest.getDefaultInstance()).getTasksList())
        .extracting(StatLocalTaskResponse::getTaskId)
        .containsExactly(task);
    DeleteLocalTaskRequest delete = DeleteLocalTaskRequest.newBuilder().setTaskId(task).build();
    assertThat(users().deleteLocalTask(delete)).isEqualTo(Empty.getDefaultInstance());
    assertThatThrownBy(() -> users().deleteLocalTask(delete)).hasMessageContaining("NOT_FOUND");
    assertThatThrownBy(() ->
            users()
                .deleteLocalTask(
                    DeleteLocalTaskRequest.newBuilder().setTaskId("../../etc").build()))
        .hasMessageContaining("INVALID_ARGUMENT");
  }

  @Test
  void whatIsNotServedSaysSoAndTheDaemonLives() {
    assertThatThrownBy(() ->
            users().downloadCacheTask(DownloadCacheTaskRequest.getDefaultInstance()).hasNext())
        .hasMessageContaining("UNIMPLEMENTED")
        .hasMessageContaining("DownloadCacheTask is not served by this daemon");
  }

  private static SyncPiecesRequest pieces(String task, Integer... numbers) {
    return SyncPiecesRequest.newBuilder()
        .setHostId("child")
        .setTaskId(task)
        .addAllInterestedPieceNumbers(List.of(numbers))
        .build();
  }

  @Test
  void aCallerThatTakesNothingIsGivenUp() throws Exception {
    DaemonConfig impatient =
        Daemon.configuration(
            """
            host: {hostname: impatient, ip: 127.0.0.1}
            download: {pieceTimeout: 200ms, server: {socketPath: %1$s/impatient.sock}}
            upload: {server: {ip: 127.0.0.1, port: 0}}
            storage: {dir: %1$s/impatient, server: {ip: 127.0.0.1, tcpPort: 0}}
            proxy: {server: {ip: 127.0.0.1, port: 0}}
            metrics: {server: {ip: 127.0.0.1, port: 0}}
            health: {server: {ip: 127.0.0.1, port: 0}}
            """
                .formatted(dir));
    try (Daemon given = new Daemon(impatient, dir.resolve("dynconfig.yaml"))) {
      given.start();
      Iterator<DownloadTaskResponse> answers =
          DfdaemonDownloadGrpc.newBlockingStub(channels.channel(given.socketPath()))
              .withDeadlineAfter(60, TimeUnit.SECONDS)
              .downloadTask(request(file().setNeedPieceContent(true)));
      await()
          .atMost(30, TimeUnit.SECONDS)
          .until(
              () -> get(given.metricsPort(), "/metrics").contains("download_task_failure_total{"));
      assertThatThrownBy(() -> all(answers))
          .hasMessageContaining("DEADLINE_EXCEEDED")
          .hasMessageContaining("pieceTimeout");
    }
  }

  @Test
  void aDaemonThatStopsMidwayLeavesNoTemporaryFile() throws Exception {
    Path out = Files.createDirectory(dir.resolve("out"));
    origin.nanosPerMebibyte = TimeUnit.MINUTES.toNanos(1);
    Iterator<DownloadTaskResponse> answers =
        users().downloadTask(request(file().setOutputPath(out.resolve("f").toString())));
    await().atMost(30, TimeUnit.SECONDS).until(() -> isOpenBelow(out));
    daemon.close();
    assertThat(isOpenBelow(out)).isFalse();
    assertThat(out).isEmptyDirectory();
    assertThatThrownBy(() -> all(answers)).isInstanceOf(StatusRuntimeException.class);
  }

  /** Whether this process has a file open there, with a name or without. */
  private static boolean isOpenBelow(Path directory) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.anyMatch(descriptor -> {
        try {
          return Files.readSymbolicLink(descriptor).startsWith(directory);
        } catch (IOException e) {
          return false; // closed meanwhile
        }
      });
    }
  }

  @Test
  void aChildHearsOfThePiecesItAskedForInItsOrder() {
    String task = all(peers().downloadTask(request(file()))).getFirst().getTaskId();
    AtomicReference<Metadata> headers = new AtomicReference<>();
    List<SyncPiecesResponse> heard = new ArrayList<>();
    peers()
        .withInterceptors(
            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
        .syncPieces(pieces(task, 2, 0))
        .forEachRemaining(heard::add);
    assertThat(heard).extracting(SyncPiecesResponse::getNumber).containsExactly(2, 0);
    assertThat(heard.getFirst().getOffset()).isEqualTo(2L * PIECE);
    assertThat(heard.getFirst().getLength()).isEqualTo(12345);
    assertThat(heard.getFirst().getIp()).isEqualTo("127.0.0.1");
    assertThat(heard.getFirst().getTcpPort()).isEqualTo(daemon.piecePort());
    assertThat(headers.get()).asString().contains("dragonfly-extension=v1");
    assertThatThrownBy(() -> peers().syncPieces(pieces(task, 3)).hasNext())
        .hasMessageContaining("INVALID_ARGUMENT");
    // Refused before anything is known of the task: a number costs memory by its size.
    assertThatThrownBy(() -> peers().syncPieces(pieces("0".repeat(64), 1 << 20)).hasNext())
        .hasMessageContaining("INVALID_ARGUMENT");
    assertThatThrownBy(() -> peers().syncPieces(pieces("0".repeat(64), 0)).hasNext())
        .hasMessageContaining("INTERNAL")
        .hasMessageContaining("not found");
  }

  @Test
  void aChildFollowsADownloadThatRunsAndUpstreamsTimeoutDoesNotCutItOff() throws Exception {
    origin.nanosPerMebibyte = TimeUnit.MILLISECONDS.toNanos(400);
    Iterator<DownloadTaskResponse> download = peers().downloadTask(request(file()));
    String task = download.next().getTaskId();
    List<Integer> heard = new ArrayList<>();
    DfdaemonUploadGrpc.newBlockingStub(
            channels.channel(new HostPort("127.0.0.1", daemon.uploadPort())))
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(timeout("1S")))
        .syncPieces(pieces(task, 0, 1, 2))
        .forEachRemaining(piece -> heard.add(piece.getNumber()));
    assertThat(heard).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(all(download)).hasSize(3);
  }

  private static Metadata timeout(String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER), value);
    return headers;
  }

  @Test
  void aChildIsToldWhenTheTaskIsDeleted() throws Exception {
    List<DownloadTaskResponse> part =
        all(
            peers()
                .downloadTask(
                    request(file().setRange(Range.newBuilder().setStart(0).setLength(10)))));
    String task = part.getFirst().getTaskId();
    Iterator<SyncPiecesResponse> heard = peers().syncPieces(pieces(task, 0, 1));
    assertThat(heard.next().getNumber()).isZero();
    users().deleteLocalTask(DeleteLocalTaskRequest.newBuilder().setTaskId(task).build());
    assertThatThrownBy(heard::hasNext).hasMessageContaining("INTERNAL");
  }

  @Test
  void theNetworksUseIsToldAgainAndAgain() {
    Iterator<Host> hosts =
        peers()
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(timeout("1S")))
            .syncHost(SyncHostRequest.newBuilder().setHostId("child").build());
    for (int i = 0; i < 3; i++) {
      assertThat(hosts.next().getNetwork().getMaxTxBandwidth()).isPositive();
    }
  }

  @Test
  void aCallThatIsCancelledStopsReadingTheOrigin() throws Exception {
    origin.nanosPerMebibyte = TimeUnit.MILLISECONDS.toNanos(500);
    try (SocketChannel client =
        SocketChannel.open(UnixDomainSocketAddress.of(daemon.socketPath()))) {
      client.write(
          ByteBuffer.wrap(("DRAGONFLY/1 DOWNLOAD\nurl: " + origin.url() + "\n\n").getBytes(UTF_8)));
      ByteBuffer first = ByteBuffer.allocate(16);
      client.read(first);
    }
    await().until(() -> metrics().contains("dragonfly_client_download_task_failure_total{"));
    assertThat(origin.served.get()).isLessThan(LENGTH);
  }

  private String metrics() throws Exception {
    return get(daemon.metricsPort(), "/metrics");
  }

  private static String get(int port, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void metricsHaveUpstreamsNamesAndTypes() throws Exception {
    String task = all(users().downloadTask(request(file()))).getFirst().getTaskId();
    users().statLocalTask(StatLocalTaskRequest.newBuilder().setTaskId(task).build());
    assertThat(get(daemon.healthPort(), "/healthy")).isEmpty();
    await()
        .untilAsserted(() ->
            assertThat(metrics())
                .contains("# TYPE dragonfly_client_download_task_total counter\n")
                .contains(
                    "\ndragonfly_client_download_task_total{app=\"\",priority=\"0\",tag=\"\","
                        + "type=\"0\"} 1.0\n")
                .contains("# TYPE dragonfly_client_concurrent_download_task_total gauge\n")
                .contains("# TYPE dragonfly_client_download_traffic counter\n")
                .contains("\ndragonfly_client_download_traffic{type=\"BACK_TO_SOURCE\"} " + LENGTH)
                .contains("# TYPE dragonfly_client_upload_traffic counter\n")
                .contains("\ndragonfly_client_upload_traffic 0.0\n")
                .contains("# TYPE dragonfly_client_concurrent_upload_piece_total gauge\n")
                .contains("# TYPE dragonfly_client_download_task_duration_milliseconds histogram\n")
                .contains("task_size_level=\"4\",task_type=\"0\",le=\"8388608.0\"} 1\n")
                .contains("\ndragonfly_client_stat_local_task_total{type=\"0\"} 1.0\n")
                .contains("# TYPE dragonfly_client_backend_request_total counter\n")
                .contains(
                    "\ndragonfly_client_backend_request_total{method=\"GET\",scheme=\"http\"}")
                .contains("# TYPE dragonfly_client_backend_request_duration_milliseconds histogram")
                .contains("# TYPE dragonfly_client_disk_space_total gauge\n")
                .contains("\ndragonfly_client_stored_bytes " + LENGTH)
                .contains(
                    "\ndragonfly_client_version{build_time=\"\",git_commit=\""
                        + BuildInfo.load().commit())
                .contains("# TYPE process_start_time_seconds gauge\n"));
    double total = value("disk_space_total");
    assertThat(value("disk_usage_space_total")).isPositive().isLessThanOrEqualTo(total);
  }

  private double value(String name) throws Exception {
    return metrics()
        .lines()
        .filter(line -> line.startsWith("dragonfly_client_" + name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void failedRequestsToOriginsAreCounted() throws Exception {
    origin.status = 404;
    assertThatThrownBy(() -> all(users().downloadTask(request(file()))))
        .hasMessageContaining("404");
    await()
        .untilAsserted(() ->
            assertThat(metrics())
                .contains(
                    "\ndragonfly_client_backend_request_failure_total{method=\"GET\","
                        + "scheme=\"http\"}"));
  }

  @Test
  void theCountersAreSetBackOnRequest() throws Exception {
    users().listLocalTasks(ListLocalTasksRequest.getDefaultInstance());
    String counted = "\ndragonfly_client_list_local_tasks_total{type=\"0\"} 1.0\n";
    await().untilAsserted(() -> assertThat(metrics()).contains(counted));
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI page = URI.create("http://127.0.0.1:" + daemon.metricsPort() + "/metrics");
      assertThat(
              client
                  .send(
                      HttpRequest.newBuilder(page).DELETE().build(),
                      HttpResponse.BodyHandlers.ofString())
                  .statusCode())
          .isEqualTo(200);
    }
    assertThat(metrics())
        .doesNotContain("list_local_tasks_total{")
        .contains("dragonfly_client_version{");
    users().listLocalTasks(ListLocalTasksRequest.getDefaultInstance());
    await().untilAsserted(() -> assertThat(metrics()).contains(counted));
  }

  @Test
  void theCacheOutlivesTheDaemon() throws Exception {
    all(peers().downloadTask(request(file())));
    daemon.close();
    daemon = daemon("one");
    daemon.start();
    assertThat(line("DRAGONFLY/1 DOWNLOAD\nurl: " + origin.url() + "\noutput: " + dir + "/o\n\n"))
        .contains(" cache=" + LENGTH + " ");
    assertThat(origin.served.get()).isEqualTo(LENGTH);
  }

  @Test
  void whatKeepsADaemonFromStartingIsSaidPlainly() throws Exception {
    try (Daemon again = daemon("one")) {
      assertThatThrownBy(again::start)
          .isInstanceOf(StartException.class)
          .hasMessageContaining(dir.toString());
    }
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Daemon other =
            new Daemon(
                Daemon.configuration(
                    """
                    host: {hostname: two, ip: 127.0.0.1}
                    download: {server: {socketPath: %1$s/two.sock}}
                    upload: {server: {ip: 127.0.0.1, port: %2$d}}
                    storage: {dir: %1$s/two, server: {ip: 127.0.0.1, tcpPort: 0}}
                    proxy: {server: {ip: 127.0.0.1, port: 0}}
                    """
                        .formatted(dir, taken.getLocalPort())),
                dir.resolve("dynconfig.yaml"))) {
      assertThatThrownBy(other::start)
          .isInstanceOf(StartException.class)
          .hasMessageContaining(String.valueOf(taken.getLocalPort()));
      assertThat(dir.resolve("two.sock")).doesNotExist();
    }
  }

  @Test
  void aStorageDirectoryThatCannotBeMadeIsNamedWithTheReason() throws Exception {
    Path file = Files.writeString(dir.resolve("file"), "");
    try (Daemon other =
        new Daemon(
            Daemon.configuration(
                """
                host: {hostname: two, ip: 127.0.0.1}
                download: {server: {socketPath: %1$s/two.sock}}
                upload: {server: {ip: 127.0.0.1, port: 0}}
                storage: {dir: %2$s/below, server: {ip: 127.0.0.1, tcpPort: 0}}
                proxy: {server: {ip: 127.0.0.1, port: 0}}
                """
                    .formatted(dir, file)),
            dir.resolve("dynconfig.yaml"))) {
      assertThatThrownBy(other::start)
          .isInstanceOf(StartException.class)
          .hasMessageMatching(".*storage directory " + file + "/below: .+ storage\\.dir");
    }
  }

  @Test
  void aDaemonThatIsClosedLeavesNoThreadsAndNoSocket() throws Exception {
    Set<String> before = threads();
    Daemon other = daemon("two");
    other.start();
    int port = other.uploadPort();
    assertThat(threads()).isNotEqualTo(before);
    other.close();
    assertThat(other.socketPath()).doesNotExist();
    await().untilAsserted(() -> assertThat(before).containsAll(threads()));
    assertThatThrownBy(() -> new java.net.Socket(InetAddress.getLoopbackAddress(), port))
        .isInstanceOf(IOException.class);
  }

  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(thread -> thread.getName() + "#" + thread.threadId())
        .filter(name -> !name.startsWith("Attach") && !name.startsWith("process reaper"))
        .filter(name -> !name.startsWith("awaitility") && !name.startsWith("idle-timeout"))
        .filter(name -> !name.contains("ForkJoinPool") && !name.contains("VirtualThread"))
        .collect(Collectors.toSet());
  }

  @Test
  void manyUsersOfOneFileCostOneReadOfTheOrigin() {
    List<Path> outputs = IntStream.range(0, 8).mapToObj(i -> dir.resolve("o" + i)).toList();
    outputs.parallelStream()
        .forEach(out -> all(users().downloadTask(request(file().setOutputPath(out.toString())))));
    assertThat(outputs).allSatisfy(out -> assertThat(out).hasBinaryContent(origin.content()));
    assertThat(origin.served.get()).isEqualTo(LENGTH);
  }
}
