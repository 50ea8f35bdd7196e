package io.dragonfly.common.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * A file of PEM blocks (RFC 7468): between {@code -----BEGIN label-----} and {@code -----END
 * label-----} lines stands base64; text outside of blocks is a comment.
 */
final class PemFile {
  private static final int MAX_BYTES = 1 << 20;
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  private final Path path;
  private final List<Block> blocks;

  /** A block's label and its decoded content. */
  private static final class Block {
    final String label;
    final byte[] content;

    Block(String label, byte[] content) {
      this.label = label;
      this.content = content;
    }
  }

  private PemFile(Path path, List<Block> blocks) {
    this.path = path;
    this.blocks = blocks;
  }

  /** Reads a file; {@code role} says in errors what it is for: "CA certificate". */
  static PemFile read(Path path, String role) throws TlsException {
    String text;
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new TlsException(
            "the " + role + " file " + path + " is larger than 1 MiB; it should be a PEM file");
      }
      text = Files.readString(path, StandardCharsets.ISO_8859_1);
    } catch (TlsException e) {
      throw e;
    } catch (IOException e) {
      String reason =
          switch (e) {
            case NoSuchFileException _ -> "no such file";
            case AccessDeniedException _ -> "permission denied";
            default -> e.toString();
          };
      throw new TlsException(
          "cannot read the " + role + " file " + path + ": " + reason + ". Check the path", e);
    }
    List<Block> blocks = parse(path, role, text);
    if (blocks.isEmpty()) {
      throw new TlsException(
          "the "
              + role
              + " file "
              + path
              + " has no PEM block (-----BEGIN ...). Convert it to PEM");
    }
    return new PemFile(path, blocks);
  }

  private static List<Block> parse(Path path, String role, String text) throws TlsException {
    List<Block> blocks = new ArrayList<>();
    String label = "";
    var base64 = new StringBuilder();
    for (String untrimmed : text.split("\n", -1)) {
      String line = untrimmed.strip();
      if (label.isEmpty()) {
        if (line.startsWith(BEGIN) && line.endsWith(DASHES)) {
          label = line.substring(BEGIN.length(), line.length() - DASHES.length());
          base64.setLength(0);
        }
      } else if (line.equals(END + label + DASHES)) {
        blocks.add(new Block(label, decode(path, role, label, base64.toString())));
        label = "";
      } else {
        base64.append(line).append('\n');
      }
    }
    if (!label.isEmpty()) {
      throw new TlsException(
          "the "
              + role
              + " file "
              + path
              + " ends inside its block '"
              + label
              + "'. Copy it again");
    }
    return blocks;
  }

  private static byte[] decode(Path path, String role, String label, String base64)
      throws TlsException {
    if (base64.contains("ENCRYPTED")) {
      throw encrypted(path);
    }
    try {
      return Base64.getMimeDecoder().decode(base64.replace("\n", ""));
    } catch (IllegalArgumentException e) {
      throw new TlsException(
          "the block '" + label + "' of the " + role + " file " + path + " is not valid base64", e);
    }
  }

  /** All certificates, in order; at least one. */
  List<X509Certificate> certificates() throws TlsException {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks) {
      if (!block.label.endsWith("CERTIFICATE")) {
        continue;
      }
      try {
        certificates.add(
            (X509Certificate)
                CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(block.content)));
      } catch (CertificateException e) {
        throw new TlsException(
            "certificate " + (certificates.size() + 1) + " in " + path + " is damaged: " + e, e);
      }
    }
    if (certificates.isEmpty()) {
      throw new TlsException(
          path + " has no certificate, only: " + labels() + ". Was another file meant?");
    }
    return certificates;
  }

  /** The first private key. */
  PrivateKey privateKey() throws TlsException {
    for (Block block : blocks) {
      Optional<PrivateKey> key;
      try {
        key = PrivateKeys.decode(block.label, block.content);
      } catch (GeneralSecurityException e) {
        throw new TlsException(
            "the private key in " + path + " is damaged or of an unknown kind: " + e, e);
      }
      if (key.isPresent()) {
        return key.get();
      }
      if (block.label.equals("ENCRYPTED PRIVATE KEY")) {
        throw encrypted(path);
      }
    }
    throw new TlsException(
        path + " has no private key, only: " + labels() + ". Was another file meant?");
  }

  private static TlsException encrypted(Path path) {
    return new TlsException(
        "the private key in "
            + path
            + " is encrypted. Decrypt it: openssl pkey -in KEY -out DECRYPTED");
  }

  private String labels() {
    return String.join(", ", blocks.stream().map(block -> block.label).distinct().toList());
  }
}
