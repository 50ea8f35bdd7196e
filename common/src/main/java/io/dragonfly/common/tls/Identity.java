package io.dragonfly.common.tls;

import java.nio.file.Path;
import java.util.Objects;

/**
 * What proves who we are.
 *
 * @param certificate PEM: our certificate, then those that lead to the authority
 * @param key PEM: its private key, not encrypted (PKCS#8, PKCS#1 or SEC 1)
 */
public record Identity(Path certificate, Path key) {
  public Identity {
    Objects.requireNonNull(certificate, "certificate is null");
    Objects.requireNonNull(key, "key is null");
  }
}
