package io.dragonfly.cli.setup;

import java.util.List;
import java.util.Optional;

/** Authorities that a system trusts, for a client that reads one file and no other. */
final class Authorities {
  /** Where Debian, Fedora, SUSE and Alpine have them, and those that descend from them. */
  private static final List<String> PLACES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/ssl/ca-bundle.pem",
          "/etc/ssl/cert.pem");

  private Authorities() {}

  /**
   * The system's and one more.
   *
   * @param authority its certificate (PEM)
   */
  static String with(Book book, String authority) throws SetupException {
    for (String place : PLACES) {
      Optional<String> text = book.readLinked(place);
      if (text.isPresent()) {
        String end = text.get().endsWith("\n") ? "" : "\n";
        return text.get() + end + authority;
      }
    }
    throw new SetupException(
        "no file with this system's authorities at "
            + String.join(", ", PLACES)
            + ". Install them (Debian: ca-certificates), then run this again.");
  }
}
