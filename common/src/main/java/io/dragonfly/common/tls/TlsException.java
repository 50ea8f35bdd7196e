package io.dragonfly.common.tls;

import java.io.IOException;

/**
 * Certificates or keys cannot be used; the message names the file, what is wrong and the remedy.
 */
public final class TlsException extends IOException {
  private static final long serialVersionUID = 1L;

  TlsException(String message) {
    super(message);
  }

  TlsException(String message, Throwable cause) {
    super(message, cause);
  }
}
