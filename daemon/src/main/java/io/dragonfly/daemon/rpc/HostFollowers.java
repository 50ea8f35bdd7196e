package io.dragonfly.daemon.rpc;

import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Network;
import io.dragonfly.daemon.link.HostInfo.NetworkUse;
import io.dragonfly.daemon.link.NetworkSampler;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The SyncHost streams: once a second each child hears how busy this host's network is. All streams
 * share one measurement. A child that does not read misses messages; it costs no memory.
 */
final class HostFollowers {
  private static final int MOST_FOLLOWERS = 65_536;

  private final NetworkSampler network;
  private final ScheduledExecutorService timer;
  private final AtomicInteger followers = new AtomicInteger();

  HostFollowers(NetworkSampler network, ScheduledExecutorService timer) {
    this.network = network;
    this.timer = timer;
  }

  void follow(ServerCallStreamObserver<Host> answers) {
    if (followers.incrementAndGet() > MOST_FOLLOWERS) {
      followers.decrementAndGet();
      answers.onError(
          Status.RESOURCE_EXHAUSTED
              .withDescription("this daemon has " + MOST_FOLLOWERS + " SyncHost streams")
              .asException());
      return;
    }
    ScheduledFuture<?> ticks =
        timer.scheduleWithFixedDelay(() -> tell(answers), 0, 1, TimeUnit.SECONDS);
    answers.setOnCancelHandler(() -> {
      ticks.cancel(false);
      followers.decrementAndGet();
    });
  }

  private void tell(ServerCallStreamObserver<Host> answers) {
    if (answers.isReady()) {
      answers.onNext(Host.newBuilder().setNetwork(message(network.sample())).build());
    }
  }

  static Network.Builder message(NetworkUse use) {
    return Network.newBuilder()
        .setMaxRxBandwidth(use.maxReceive())
        .setRxBandwidth(use.receive())
        .setMaxTxBandwidth(use.maxSend())
        .setTxBandwidth(use.send());
  }
}
