package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.OwnAuthority;
import io.netty.handler.ssl.SslContext;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostContextsTest {
  @TempDir Path dir;
  private volatile Instant now = Instant.now();
  private final HostContexts contexts = new HostContexts(() -> now);
  private CertificateAuthority authority;

  @BeforeEach
  void make() throws Exception {
    authority = new OwnAuthority(dir.resolve("ca")).readOrMake("n");
  }

  @Test
  void allWhoAskAtOnceGetTheSame() throws Exception {
    List<Callable<SslContext>> asks =
        Collections.nCopies(16, () -> contexts.of("a.example", authority));
    Set<SslContext> made = new HashSet<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      for (Future<SslContext> one : threads.invokeAll(asks)) {
        made.add(one.get());
      }
    }
    assertThat(made).hasSize(1);
    assertThat(contexts.of("b.example", authority)).isNotIn(made);
  }

  @Test
  void oneIsRenewedInTimeAndForAnotherAuthority() throws Exception {
    SslContext first = contexts.of("a.example", authority);
    now = now.plus(Duration.ofDays(2));
    assertThat(contexts.of("a.example", authority)).isSameAs(first);
    now = now.plus(Duration.ofDays(2));
    SslContext second = contexts.of("a.example", authority);
    assertThat(second).isNotSameAs(first);
    assertThat(contexts.of("a.example", authority)).isSameAs(second);
    CertificateAuthority other = new OwnAuthority(dir.resolve("other")).readOrMake("n");
    assertThat(contexts.of("a.example", other)).isNotSameAs(second);
  }

  @Test
  void onlySoManyAreKept() throws Exception {
    SslContext first = contexts.of("first.example", authority);
    for (int i = 1; i < HostContexts.MOST; i++) {
      var _ = contexts.of(i + ".example", authority);
    }
    assertThat(contexts.of("first.example", authority)).isSameAs(first);
    for (int i = 0; i < HostContexts.MOST; i++) {
      var _ = contexts.of("x" + i + ".example", authority);
    }
    assertThat(contexts.of("first.example", authority)).isNotSameAs(first);
  }
}
