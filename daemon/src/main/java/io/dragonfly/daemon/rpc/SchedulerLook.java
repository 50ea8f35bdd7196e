package io.dragonfly.daemon.rpc;

import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.scheduler.v2.ListHostsRequest;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.common.rpc.RpcChannels;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** What somebody who only looks can learn of a scheduler, or of a daemon by its socket. */
public final class SchedulerLook {
  private static final int LARGEST_ANSWER = 64 << 20;
  private static final Metadata.Key<String> TIME =
      Metadata.Key.of("dragonfly-time", Metadata.ASCII_STRING_MARSHALLER);

  private SchedulerLook() {}

  /**
   * A host that a scheduler knows.
   *
   * @param id as the host calls itself in the cluster
   * @param seed whether it reads origins for others
   */
  public record KnownHost(String id, String hostname, String ip, boolean seed) {}

  /**
   * The hosts that a scheduler knows, in no order.
   *
   * @param patience for each of two calls
   * @throws IOException when it gives no answer in time, or says that it does not serve
   */
  public static List<KnownHost> hosts(
      RpcChannels channels, InetSocketAddress scheduler, Duration patience) throws IOException {
    Channel channel = SchedulerCalls.channel(channels, scheduler);
    checkHealth(channel, patience);
    try {
      return SchedulerGrpc.newBlockingV2Stub(channel)
          .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS)
          .withMaxInboundMessageSize(LARGEST_ANSWER)
          .listHosts(ListHostsRequest.getDefaultInstance())
          .getHostsList()
          .stream()
          .map(SchedulerLook::known)
          .toList();
    } catch (StatusException | StatusRuntimeException e) {
      throw new IOException(SchedulerCalls.describe(Status.fromThrowable(e)), e);
    }
  }

  private static KnownHost known(Host host) {
    return new KnownHost(host.getId(), host.getHostname(), host.getIp(), host.getType() != 0);
  }

  /**
   * What a scheduler's clock says, beside this host's.
   *
   * @param behind how far this host's is behind; negative where it is ahead
   * @param give how much it may be more or less, for the answer took a time to come
   */
  public record ClockLook(Duration behind, Duration give) {}

  /**
   * Compares this host's clock with a scheduler's; empty where that does not tell the time, as
   * upstream's do not.
   *
   * @throws IOException when it gives no answer in time
   */
  public static Optional<ClockLook> clock(
      RpcChannels channels, InetSocketAddress scheduler, Duration patience) throws IOException {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    Channel channel =
        ClientInterceptors.intercept(
            SchedulerCalls.channel(channels, scheduler),
            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    long before = System.nanoTime();
    checkHealth(channel, patience);
    Duration took = Duration.ofNanos(System.nanoTime() - before);
    Instant now = Instant.now();
    try {
      return Optional.ofNullable(headers.get())
          .map(received -> received.get(TIME))
          .map(text -> Instant.ofEpochMilli(Long.parseLong(text)))
          .map(theirs ->
              new ClockLook(
                  Duration.between(now.minus(took.dividedBy(2)), theirs), took.dividedBy(2)));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Asks a daemon by its socket.
   *
   * @throws IOException when it gives no answer in time
   */
  public static void daemon(RpcChannels channels, Path socket, Duration patience)
      throws IOException {
    checkHealth(channels.channel(socket), patience);
  }

  /** A server without a health service answers that it has none, which is an answer. */
  private static void checkHealth(Channel channel, Duration patience) throws IOException {
    try {
      ServingStatus status =
          HealthGrpc.newBlockingStub(channel)
              .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus();
      if (status == ServingStatus.NOT_SERVING) {
        throw new IOException("it answers that it does not serve (NOT_SERVING)");
      }
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      if (code != Status.Code.UNIMPLEMENTED && code != Status.Code.NOT_FOUND) {
        throw new IOException(SchedulerCalls.describe(e.getStatus()), e);
      }
    }
  }
}
