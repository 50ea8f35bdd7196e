package io.dragonfly.common.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A certificate that was made here, and its key.
 *
 * @param chain the certificate, then those that lead to the authority
 */
public record Issued(PrivateKey key, List<X509Certificate> chain) {
  public Issued {
    chain = List.copyOf(chain);
  }

  /** When another should take its place: when half of its time is over. */
  public Instant renewal() {
    Instant begin = chain.getFirst().getNotBefore().toInstant();
    Instant end = chain.getFirst().getNotAfter().toInstant();
    return begin.plus(Duration.between(begin, end).dividedBy(2));
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "Issued[" + chain.getFirst().getSubjectX500Principal() + "]";
  }
}
