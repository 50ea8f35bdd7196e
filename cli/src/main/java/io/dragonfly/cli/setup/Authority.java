package io.dragonfly.cli.setup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;

/** The file with the certificate of the daemon's authority. */
final class Authority {
  private static final long LONGEST = 64 << 10;
  private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final String END = "-----END CERTIFICATE-----\n";

  private Authority() {}

  /**
   * Its one certificate, as PEM without anything else.
   *
   * @throws IOException when it can't be read, or is not one certificate of an authority
   */
  static String read(Path file) throws IOException {
    if (!Files.isRegularFile(file) && Files.exists(file)) {
      throw new IOException(file + " is no file");
    }
    if (Files.size(file) > LONGEST) {
      throw new IOException(file + " is too long for one certificate");
    }
    String text = Files.readString(file, US_ASCII).replace("\r", "");
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END.strip(), Math.max(0, begin));
    if (begin < 0 || end < 0 || text.indexOf(BEGIN, end) >= 0) {
      throw new IOException(file + " has not one certificate (PEM)");
    }
    String pem = text.substring(begin, end) + END;
    try {
      X509Certificate certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(pem.getBytes(US_ASCII)));
      if (certificate.getBasicConstraints() < 0) {
        throw new IOException(file + " is not the certificate of an authority");
      }
      return pem;
    } catch (CertificateException e) {
      throw new IOException(file + " has no certificate that can be read: " + e.getMessage(), e);
    }
  }
}
