package io.dragonfly.daemon.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.Issued;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * TLS as a host would speak it, with a certificate that an authority makes for it: HTTP/2 or
 * HTTP/1.1, as the client prefers. Each host's is made once by all who ask at once, kept for the
 * last {@value #MOST} hosts, and made anew when half of its certificate's time is over. Safe for
 * many threads; making one blocks.
 */
final class HostContexts {
  static final int MOST = 256;

  private static final int SESSIONS = 256;
  private static final long SESSION_SECONDS = 3600;

  private record Made(SslContext context, Instant renewal) {}

  /** One host's; which authority made it, for that may be replaced. */
  private record Kept(CertificateAuthority authority, FutureTask<Made> task) {
    boolean isDue(Instant now) {
      return switch (task.state()) {
        case RUNNING -> false;
        case SUCCESS -> !now.isBefore(task.resultNow().renewal);
        case FAILED, CANCELLED -> true;
      };
    }
  }

  private final InstantSource clock;

  @GuardedBy("this")
  private final Map<String, Kept> hosts =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
          return size() > MOST;
        }
      };

  HostContexts(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * The TLS of a host.
   *
   * @throws IOException when the authority can't certify it
   */
  SslContext of(String host, CertificateAuthority authority) throws IOException {
    Instant now = clock.instant();
    FutureTask<Made> task;
    synchronized (this) {
      Kept kept = hosts.get(host);
      if (kept == null || kept.authority != authority || kept.isDue(now)) {
        kept = new Kept(authority, new FutureTask<>(() -> make(host, authority, now)));
        hosts.put(host, kept);
      }
      task = kept.task;
    }
    task.run(); // By whoever comes first; the others wait.
    try {
      return task.get().context;
    } catch (ExecutionException e) {
      throw new IOException("no TLS for " + host + ": " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the proxy is being shut down", e);
    }
  }

  private static Made make(String host, CertificateAuthority authority, Instant now)
      throws IOException {
    Issued issued = authority.issue(host, now);
    return new Made(context(issued), issued.renewal());
  }

  private static SslContext context(Issued issued) throws IOException {
    return SslContextBuilder.forServer(issued.key(), issued.chain().toArray(X509Certificate[]::new))
        .sslProvider(SslProvider.JDK)
        .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
        .sessionCacheSize(SESSIONS)
        .sessionTimeout(SESSION_SECONDS)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                ApplicationProtocolNames.HTTP_2,
                ApplicationProtocolNames.HTTP_1_1))
        .build();
  }
}
