package io.dragonfly.lab.upstream;

import com.google.protobuf.util.Durations;
import io.dragonfly.api.common.v2.Build;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Network;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A stand-in for the Rust daemon, as a peer or as a seed: child and parent in one. Like the
 * original it does not start without its scheduler, opens one connection for each piece, writes at
 * the offset that the parent names, and takes contents of up to 4 MiB from the origin itself.
 */
public final class UpstreamDaemon implements AutoCloseable {
  /** Deadline that the original puts on every call, also on the streams that outlive it. */
  static final int CALL_TIMEOUT_SECONDS = 10;

  final Violations violations = new Violations();
  final Map<String, UpstreamContent> contents = new ConcurrentHashMap<>();
  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  final Path directory;
  final String hostname;
  final boolean seed;
  final String address;
  final ManagedChannel scheduler;
  final UpstreamPieceServer pieces;
  private final Server upload;

  /** Starts a daemon that is announced to the scheduler on this port of 127.0.0.1. */
  public static UpstreamDaemon start(
      Path directory, String hostname, boolean seed, int schedulerPort) throws IOException {
    return start(
        directory,
        hostname,
        seed,
        "127.0.0.1",
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), schedulerPort));
  }

  /** Starts a daemon on this address of this machine, announced to that scheduler. */
  public static UpstreamDaemon start(
      Path directory, String hostname, boolean seed, String address, InetSocketAddress scheduler)
      throws IOException {
    UpstreamDaemon daemon = new UpstreamDaemon(directory, hostname, seed, address, scheduler);
    daemon.upload.start();
    daemon.announce();
    return daemon;
  }

  private UpstreamDaemon(
      Path directory,
      String hostname,
      boolean seed,
      String address,
      InetSocketAddress schedulerAddress)
      throws IOException {
    this.directory = Files.createDirectories(directory);
    this.hostname = hostname;
    this.seed = seed;
    this.address = address;
    scheduler =
        NettyChannelBuilder.forAddress(schedulerAddress)
            .usePlaintext()
            .keepAliveTime(5, TimeUnit.MINUTES)
            .build();
    pieces = new UpstreamPieceServer(address, contents, violations, threads);
    HealthStatusManager health = new HealthStatusManager();
    health.setStatus("", ServingStatus.SERVING);
    upload =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.ofLiteral(address), 0))
            .permitKeepAliveTime(1, TimeUnit.MINUTES)
            .addService(new UpstreamUpload(this))
            .addService(health.getHealthService())
            .build();
  }

  /** Downloads and returns the file with the content; the caller must not change it. */
  public Path download(Download download, String taskId) throws IOException, InterruptedException {
    return new UpstreamChild(this, download, taskId).run();
  }

  /** Announces this host again, as it does every five minutes and after its scheduler restarted. */
  public void announce() {
    SchedulerGrpc.newBlockingStub(scheduler)
        .withDeadlineAfter(CALL_TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .announceHost(
            AnnounceHostRequest.newBuilder()
                .setHost(host())
                .setInterval(Durations.fromMinutes(5))
                .build());
  }

  /** The id under which it is announced. */
  public String hostId() {
    return address + "-" + hostname + (seed ? "-seed" : "");
  }

  /**
   * From now on every piece that it serves goes through {@code change}, with a fitting checksum.
   */
  public void tamper(UnaryOperator<byte[]> change) {
    pieces.tamper(change);
  }

  /** From now on this answers every request for a piece that it has. */
  public void answerWith(AnswerWriter writer) {
    pieces.answerWith(writer);
  }

  /** The content of a task, when it has it whole. */
  public Optional<Path> finished(String taskId) {
    UpstreamContent content = contents.get(taskId);
    return content != null && content.isFinished() ? Optional.of(content.file) : Optional.empty();
  }

  /** What others did that the Rust daemon would not accept. */
  public List<String> violations() {
    return violations.all();
  }

  UpstreamContent content(String taskId, long length) throws IOException {
    synchronized (contents) {
      UpstreamContent content = contents.get(taskId);
      if (content == null || content.isFailed() || content.length != length) {
        content = new UpstreamContent(directory.resolve(taskId), length);
        contents.put(taskId, content);
      }
      return content;
    }
  }

  private Host host() {
    return Host.newBuilder()
        .setId(hostId())
        .setType(seed ? 1 : 0)
        .setHostname(hostname)
        .setName(hostname)
        .setIp(address)
        .setPort(upload.getPort())
        .setDownloadPort(upload.getPort())
        .setOs("linux")
        .setPlatform("linux")
        .setPlatformFamily("unix")
        .setNetwork(
            Network.newBuilder()
                .setMaxRxBandwidth(10_000_000_000L)
                .setMaxTxBandwidth(10_000_000_000L))
        .setBuild(Build.newBuilder().setGitVersion("1.5.1").setGitCommit("ff17c0b7"))
        .build();
  }

  @Override
  public void close() throws IOException {
    upload.shutdownNow();
    scheduler.shutdownNow();
    pieces.close();
    threads.shutdownNow();
    for (UpstreamContent content : contents.values()) {
      content.close();
    }
  }
}
