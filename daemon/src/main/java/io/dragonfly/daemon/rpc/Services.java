package io.dragonfly.daemon.rpc;

import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.rpc.EagerHeaders;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.IgnoredDeadlines;
import io.dragonfly.common.rpc.RateLimit;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.NetworkSampler;
import io.dragonfly.daemon.local.LineRequest;
import io.dragonfly.daemon.output.OutputRights;
import io.dragonfly.daemon.proxy.TaskAsk;
import io.dragonfly.daemon.storage.PieceStore;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.handler.ssl.SslContext;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/** The front door of the gRPC services: makes this daemon's two servers. */
public final class Services {
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final Surroundings surroundings;
  private final LocalTasks tasks;
  private final DownloadStarter downloads;

  /**
   * What the services work with.
   *
   * @param isDownloading whether a download of the task runs
   * @param seed whether this host reads origins for others
   * @param ip where other peers reach this host
   * @param piecePort of the piece server, once started
   * @param quicPort of the one over QUIC; 0 where there is none
   * @param threads for work that blocks: one virtual thread each
   * @param contentMemory bytes of pieces inside answers, for all calls together
   * @param stall a caller of DownloadTask that takes nothing for this long is given up
   */
  public record Surroundings(
      HostId host,
      PieceStore store,
      Downloads downloads,
      Predicate<TaskId> isDownloading,
      SchedulerCalls schedulers,
      NetworkSampler network,
      boolean seed,
      String ip,
      IntSupplier piecePort,
      IntSupplier quicPort,
      ScheduledExecutorService timer,
      ExecutorService threads,
      DaemonCounters counters,
      long contentMemory,
      Duration stall) {}

  /**
   * How many calls a server takes.
   *
   * @param perSecond begin at most
   * @param waiting wait for their turn at most when more come; others are refused
   */
  public record Rate(int perSecond, int waiting) {}

  public Services(Surroundings surroundings) {
    this.surroundings = surroundings;
    tasks =
        new LocalTasks(
            surroundings.store(),
            surroundings.schedulers(),
            surroundings.threads(),
            surroundings.counters());
    downloads =
        new DownloadStarter(
            surroundings.downloads(),
            surroundings.host(),
            new MemoryLimit(surroundings.contentMemory()),
            surroundings.counters(),
            surroundings.threads(),
            surroundings.stall());
  }

  /** For other peers and schedulers; not started. */
  public RpcServer uploadServer(
      EventLoops loops,
      SocketAddress address,
      Optional<SslContext> tls,
      Rate rate,
      boolean allowOutputPath) {
    PieceFollowers pieces =
        new PieceFollowers(
            surroundings.store(),
            surroundings.isDownloading(),
            surroundings.timer(),
            surroundings.threads(),
            Duration.ofSeconds(10),
            surroundings.ip(),
            surroundings.piecePort(),
            surroundings.quicPort(),
            surroundings.seed());
    RpcServer.Builder builder =
        RpcServer.builder("daemon", loops)
            .address(address)
            .grace(GRACE)
            .interceptor(limit(rate))
            .interceptor(new CallerExtension())
            .interceptor(
                EagerHeaders.of(
                        DfdaemonUploadGrpc.getDownloadTaskMethod(),
                        DfdaemonUploadGrpc.getSyncPiecesMethod(),
                        DfdaemonUploadGrpc.getSyncHostMethod())
                    .adding(
                        SchedulerCalls.EXTENSION.name(),
                        SchedulerCalls.EXTENSION_VERSION,
                        DfdaemonUploadGrpc.getSyncPiecesMethod()))
            .ignoring(
                IgnoredDeadlines.of(
                    DfdaemonUploadGrpc.getSyncPiecesMethod(),
                    DfdaemonUploadGrpc.getSyncHostMethod()))
            .service(
                new UploadService(
                    downloads,
                    tasks,
                    pieces,
                    new HostFollowers(surroundings.network(), surroundings.timer()),
                    allowOutputPath));
    tls.ifPresent(builder::tls);
    return builder.build();
  }

  private RateLimit limit(Rate rate) {
    return new RateLimit(rate.perSecond(), rate.waiting(), surroundings.timer());
  }

  /** For users of this machine, on connections that are handed over; not started. */
  public RpcServer localServer(
      EventLoops loops,
      SocketAddress address,
      ChannelFactory<? extends ServerChannel> channels,
      Rate rate,
      OutputRights rights) {
    return RpcServer.builder("daemon", loops)
        .address(address)
        .channelFactory(channels)
        .grace(GRACE)
        .interceptor(limit(rate))
        .interceptor(new DownloadService.CallerOfConnection())
        .interceptor(EagerHeaders.of(DfdaemonDownloadGrpc.getDownloadTaskMethod()))
        .service(new DownloadService(downloads, tasks, rights))
        .build();
  }

  /**
   * What a user asked for on the line protocol.
   *
   * @throws IllegalArgumentException if it can't be understood
   */
  public static DownloadRequest request(LineRequest line) {
    return DownloadMessages.request(line);
  }

  /**
   * Understands a request of the proxy.
   *
   * @throws IllegalArgumentException if it can't be; says why
   */
  public static DownloadRequest request(TaskAsk ask) {
    return DownloadMessages.request(ask);
  }

  /** The wire's name for a failure. */
  public static String code(DownloadException failure) {
    return Statuses.of(failure).getCode().name();
  }

  /** The Download message of a request without what names who asks, to be kept with the task. */
  public static byte[] withoutCredentials(DownloadRequest request) {
    return DownloadMessages.withoutCredentials(DownloadMessages.download(request).build())
        .toByteArray();
  }
}
