package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.rpc.Services;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PrefetchesTest {
  /** Keeps what was asked for, and refuses it. */
  private static final class Asked implements TaskDownloads, DownloadCount {
    final List<DownloadRequest> requests = new ArrayList<>();

    @Override
    public DownloadRequest request(TaskAsk ask) {
      return Services.request(ask);
    }

    @Override
    public Download start(DownloadRequest request, DownloadListener listener)
        throws DownloadException {
      requests.add(request);
      throw new DownloadException(Code.SHUTTING_DOWN, "refused");
    }

    @Override
    public DownloadCount counted(DownloadRequest request) {
      return this;
    }

    @Override
    public DownloadCount countedPrefetch(DownloadRequest request) {
      return this;
    }

    @Override
    public void finished(DownloadSummary summary) {}

    @Override
    public void failed() {}
  }

  @Test
  void isOfTheWholeAndWithinTheLimitOfPrefetching() {
    Asked asked = new Asked();
    new Prefetches(asked)
        .begin(
            new TaskAsk(
                "http://origin.example/layer",
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                6,
                List.of(),
                OptionalLong.empty(),
                Optional.empty(),
                /* byBlobDigest= */ false,
                /* disableBackToSource= */ false,
                Optional.empty(),
                Optional.of("bytes=0-9")));
    assertThat(asked.requests).hasSize(1);
    assertThat(asked.requests.getFirst().rangeHeader()).isEmpty();
    assertThat(asked.requests.getFirst().prefetch()).isTrue();
  }
}
